"""Everything that can go wrong in a request, as a problem; and nothing of it leaks."""

from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from psycopg.errors import UniqueViolation
from pydantic import ValidationError
from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from starlette.exceptions import HTTPException

from services.kit.http import RemoteProblem, RemoteUnavailable
from services.kit.problems import Fault, Problem, language_of, response
from services.kit.telemetry import describe, trace_of
from services.kit.validation_faults import faults_of

_log = structlog.get_logger(__name__)

_BY_STATUS = {
    400: "malformed_request",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "body_too_large",
    415: "unsupported_media_type",
}


def install(app: FastAPI) -> None:
    """Register the handlers below."""
    app.add_exception_handler(Problem, _answer)
    app.add_exception_handler(RequestValidationError, _answer)
    app.add_exception_handler(HTTPException, _answer)
    app.add_exception_handler(IntegrityError, _answer)
    app.add_exception_handler(DataError, _answer)
    app.add_exception_handler(OperationalError, _answer)
    app.add_exception_handler(InterfaceError, _answer)
    app.add_exception_handler(PoolExhausted, _answer)
    app.add_exception_handler(RemoteProblem, _answer)
    app.add_exception_handler(RemoteUnavailable, _answer)


async def _answer(request: Request, error: Exception) -> Response:
    problem = problem_of(error)
    if problem.status >= 500:
        _log.error("request_failed", code=problem.code, failure=describe(error))
    return render(request, problem)


def render(request: Request, problem: Problem) -> Response:
    """The answer in the caller's language."""
    return response(
        problem,
        language_of(request.headers.get("accept-language", "")),
        instance=request.url.path[:300],
        trace_id=trace_of(request),
    )


def problem_of(error: Exception) -> Problem:
    """The problem that stands for an exception."""
    match error:
        case Problem():
            return error
        case RequestValidationError():
            return invalid(error.errors(), error.body)
        case HTTPException():
            known = _BY_STATUS.get(error.status_code)
            code = known or ("internal_error" if error.status_code >= 500 else "malformed_request")
            return Problem(code, headers=error.headers)
        case IntegrityError() if isinstance(error.orig, UniqueViolation):
            return Problem("already_exists")
        case DataError():
            # A value the models let through and the database cannot hold. Still the caller's input, not our failure.
            fault = Fault("", "value_not_storable", "有取值超出可存储范围", "a value is beyond what can be stored")
            return Problem("invalid_request", errors=[fault], count=1)
        case OperationalError() | InterfaceError() | PoolExhausted() | RemoteUnavailable():
            return Problem("unavailable", headers={"Retry-After": "5"})
        case RemoteProblem():
            return Problem("neighbour_failed")
        case _:
            return Problem("internal_error")


def invalid(errors: Any, body: Any) -> Problem:
    """The problem ``invalid_request`` with every fault of a failed validation (pydantic's ``errors()``)."""
    faults = faults_of(errors, body)
    return Problem("invalid_request", errors=faults, count=len(faults))


def invalid_document(error: ValidationError, document: Any) -> Problem:
    """The same for a document validated by hand (a file, a stored draft), with pointers into that document."""
    return invalid(error.errors(include_url=False, include_input=False), document)
