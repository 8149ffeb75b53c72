"""The route class of all three services: identity first, then a strictly read body, then the endpoint.

A caller without the right to be here never gets a body parsed, and what a route needs from the caller (token,
Idempotency-Key, If-Match, a body) tells which problems it documents.
"""

import re
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.datastructures import DefaultPlaceholder
from fastapi.dependencies.models import Dependant
from fastapi.params import Form
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from services.kit.auth import Allowed, Public
from services.kit.etags import IfMatchRequired
from services.kit.idempotency import IdempotencyRequired
from services.kit.json_body import parse_json
from services.kit.problems import MEDIA_TYPE, Fault, Problem

JSON_LIMIT = 1_000_000
"""Bytes a JSON body may have unless the route says otherwise (``max_body_size=``)."""


_ACCEPTED = {"*/*", "application/*", "application/json", MEDIA_TYPE}
_LONGEST_NAME = 60
_NO_QUALITY = re.compile(r"q=0(\.0*)?")


class StrictRequest(Request):
    """A request whose JSON is read by ``parse_json``."""

    async def json(self) -> Any:
        if not hasattr(self, "_strict_json"):
            self._strict_json = parse_json(await self.body())
        return self._strict_json


class _BoundedBody:
    """The body as it comes in, cut off at the route's limit whatever length was announced."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._seen = 0
        self.exceeded = False

    def check_announced(self, length: str) -> None:
        if length.isdecimal() and (len(length) > 18 or int(length) > self._limit):
            raise Problem("body_too_large", headers={"Connection": "close"})

    async def __call__(self) -> Message:
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        if self._seen > self._limit:
            self.exceeded = True
            raise Problem("body_too_large", headers={"Connection": "close"})
        return message


class KitRoute(APIRoute):
    """See the module. Every router of a service uses it, through ``Router``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.body_limit: int = kwargs.pop("max_body_size", None) or JSON_LIMIT
        super().__init__(*args, **kwargs)
        self.allowed = [call for call in _calls(self.dependant) if isinstance(call, Allowed)]
        self.query_names = frozenset(_query_names(self.dependant))
        self.is_public = any(isinstance(call, Public) for call in _calls(self.dependant))
        for status, response in self._documented().items():
            self.responses.setdefault(status, response)
        if self.allowed:
            extra = dict(self.openapi_extra or {})
            extra["x-suandai-roles"] = sorted(set().union(*(entry.roles for entry in self.allowed)))
            extra["x-suandai-scope"] = self.allowed[0].scope
            self.openapi_extra = extra

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            for entry in self.allowed:
                await entry(request)
            bounded = _BoundedBody(request.receive, self.body_limit)
            bounded.check_announced(request.headers.get("content-length", ""))
            strict_request = StrictRequest(request.scope, bounded)
            _check_address(strict_request, self.query_names)
            if self._answers_json():
                _check_accept(strict_request)
            try:
                if self.body_field is not None and not isinstance(self.body_field.field_info, Form):
                    await _check_media_type(strict_request)
                    if await strict_request.body():
                        await strict_request.json()
                return await handle(strict_request)
            except HTTPException:
                if bounded.exceeded:
                    # A form parser that was cut off reports a broken form; the reason was the size.
                    raise Problem("body_too_large") from None
                raise

        return strict

    def _answers_json(self) -> bool:
        chosen = self.response_class
        return issubclass(chosen.value if isinstance(chosen, DefaultPlaceholder) else chosen, JSONResponse)

    def _documented(self) -> dict[int, dict[str, Any]]:
        calls = list(_calls(self.dependant))
        statuses = {406, 422, 500, 502, 503}
        if self.allowed:
            statuses |= {401, 403}
        if self.dependant.path_params:
            statuses |= {404}
        if _has_parameters(self.dependant):
            statuses |= {400, 422}
        if self.body_field is not None or self.body_limit != JSON_LIMIT:
            statuses |= {400, 413, 415, 422}
        if any(isinstance(call, IdempotencyRequired) for call in calls):
            statuses |= {400, 409, 413, 422}
        if any(isinstance(call, IfMatchRequired) for call in calls):
            statuses |= {400, 409, 412, 428}
        return {status: problem_response(status) for status in sorted(statuses)}


def problem_response(status: int) -> dict[str, Any]:
    """The OpenAPI description of a problem answer, for a route's ``responses``."""
    return {
        "description": _DESCRIPTIONS.get(status, "Problem"),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
    }


_DESCRIPTIONS = {
    400: "The request is malformed",
    401: "No valid token",
    403: "The caller's roles do not permit this",
    404: "Not found, or outside what the caller may see",
    406: "The answer cannot be given in the format asked for",
    409: "The state of the resource does not permit this now",
    412: "The resource has another version",
    413: "The body is too large",
    415: "The body has a media type that is not accepted",
    422: "The input is not valid; every fault is listed",
    428: "If-Match is missing",
    500: "Internal error",
    502: "A service this one depends on gave an unusable answer",
    503: "Temporarily unavailable",
}


class Router(APIRouter):
    """An ``APIRouter`` whose routes are ``KitRoute``."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(route_class=KitRoute, **kwargs)


def _calls(dependant: Dependant) -> Iterator[object]:
    for child in dependant.dependencies:
        yield child.call
        yield from _calls(child)


def _has_parameters(dependant: Dependant) -> bool:
    own = dependant.query_params or dependant.path_params or dependant.header_params
    return bool(own) or any(_has_parameters(child) for child in dependant.dependencies)


def _query_names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        annotation = field.field_info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from (entry.alias or name for name, entry in annotation.model_fields.items())
        else:
            yield field.alias
    for child in dependant.dependencies:
        yield from _query_names(child)


def _check_address(request: Request, known: frozenset[str]) -> None:
    """Postgres stores no NUL, and an identifier with one in it is nobody's. A parameter nobody knows is a misspelt one:
    with ``dry_rum=true`` the caller means not to write."""
    faults = []
    if "\x00" in request.scope["path"]:
        faults.append(Fault("path", "text_not_storable", "路径中含有 NUL", "the path contains a NUL"))
    for name, value in request.query_params.multi_items():
        place = f"query/{name}" if len(name) <= _LONGEST_NAME and name.isidentifier() else "query"
        if name not in known:
            faults.append(Fault(place, "unknown_parameter", "未知查询参数", "this parameter is not known"))
        elif "\x00" in value:
            faults.append(Fault(place, "text_not_storable", "含有 NUL", "contains a NUL"))
    if faults:
        raise Problem("invalid_request", errors=dict.fromkeys(faults), count=len(set(faults)))


def _check_accept(request: Request) -> None:
    accept = request.headers.get("accept", "").lower()
    if not accept.strip():
        return
    for part in accept.split(","):
        media, *parameters = (piece.strip().replace(" ", "") for piece in part.split(";"))
        if media in _ACCEPTED and not any(_NO_QUALITY.fullmatch(piece) for piece in parameters):
            return
    raise Problem("not_acceptable")


async def _check_media_type(request: Request) -> None:
    given = request.headers.get("content-type", "")
    media, *parameters = (piece.strip().lower() for piece in given.split(";"))
    charset = next((p.removeprefix("charset=").strip('"') for p in parameters if p.startswith("charset=")), "utf-8")
    json_like = media == "application/json" or (media.startswith("application/") and media.endswith("+json"))
    if json_like and charset in ("utf-8", "utf8", "us-ascii"):
        return
    if given or await request.body():
        raise Problem("unsupported_media_type")
