"""Logs and traces of a process.

Logs are JSON lines on standard output, each with the trace it belongs to. Spans go to an OTLP collector by address, or
as JSON lines to a local file, so that one trace id can be followed from the HTTP request to the last activity without
any collector at hand. Neither carries request bodies, query strings or exception texts: those may hold personal data.
"""

import logging
import os
import sys
from collections.abc import MutableMapping, Sequence
from pathlib import Path
from typing import Any

import pydantic_core
import structlog
from opentelemetry import trace
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import format_span_id, format_trace_id
from starlette.requests import Request

from services.kit.settings import ServiceSettings

# Attributes whose values may name a person, an object's content or a secret.
_WITHHELD = {
    "url.query",
    "url.full",
    "http.url",
    "http.target",
    "db.statement.parameters",
    "exception.message",
    "exception.stacktrace",
    "user_agent.original",
    "http.user_agent",
}


def current_trace_id() -> str:
    """The trace id of the running request as 32 hex digits; empty outside of one."""
    context = trace.get_current_span().get_span_context()
    return format_trace_id(context.trace_id) if context.is_valid else ""


def trace_of(request: Request) -> str:
    """What a caller quotes to have a request looked up: its trace id, or its request id where nothing is traced."""
    return current_trace_id() or str(getattr(request.state, "request_id", ""))


class JsonLinesExporter(SpanExporter):
    """Spans as one JSON object a line. Several processes may append to one file: each batch is a single write."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        lines = "".join(f"{_line(span)}\n" for span in spans)
        try:
            os.write(self._file, lines.encode())
        except OSError:
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        os.close(self._file)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return True


def _line(span: ReadableSpan) -> str:
    context = span.get_span_context()
    assert context is not None
    record = {
        "service": str(span.resource.attributes.get("service.name", "")),
        "name": span.name,
        "kind": span.kind.name.lower(),
        "trace_id": format_trace_id(context.trace_id),
        "span_id": format_span_id(context.span_id),
        "parent_id": format_span_id(span.parent.span_id) if span.parent else "",
        "start_ns": span.start_time,
        "end_ns": span.end_time,
        "status": span.status.status_code.name.lower(),
        "attributes": {key: value for key, value in (span.attributes or {}).items() if key not in _WITHHELD},
    }
    return pydantic_core.to_json(record).decode()


class Telemetry:
    """The tracing of one process. ``shutdown`` writes out what is still held."""

    def __init__(self, provider: TracerProvider) -> None:
        self.provider = provider

    def shutdown(self) -> None:
        self.provider.shutdown()


def configure(service: str, settings: ServiceSettings) -> Telemetry:
    """Set up logs and traces of this process; once, at its start."""
    configure_logs(service, settings.log_level)
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    if settings.otlp_endpoint:
        # Imported only where a collector is configured: it costs every other process a quarter of its start time.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        endpoint = f"{settings.otlp_endpoint.rstrip('/')}/v1/traces"
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    if settings.trace_file is not None:
        provider.add_span_processor(
            BatchSpanProcessor(JsonLinesExporter(settings.trace_file), schedule_delay_millis=500)
        )
    trace.set_tracer_provider(provider)
    HTTPXClientInstrumentor().instrument()
    return Telemetry(provider)


def configure_logs(service: str, level: str) -> None:
    """JSON lines on standard output; the standard library's loggers (uvicorn, SQLAlchemy, Temporal) join in."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_trace,
        _with_service(service),
        _without_exception_text,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
    # Access lines would repeat query strings, and every request has a span already.
    for name in ("uvicorn.access", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _with_trace(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = format_trace_id(context.trace_id)
        event["span_id"] = format_span_id(context.span_id)
    return event


def _with_service(service: str) -> Any:
    def add(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["service"] = service
        return event

    return add


def _without_exception_text(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace an exception by its type and the lines it passed through; its text may quote what a client sent."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["failure"] = describe(error)
    return event


def describe(error: BaseException) -> dict[str, Any]:
    """An exception without its text: type, the frames of our own code and the last of any, and the type of its cause."""
    own = Path(__file__).parents[2]
    frames: list[str] = []
    step = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        frames.append(f"{code.co_filename}:{step.tb_lineno}:{code.co_name}")
        step = step.tb_next
    cause = error.__cause__ or error.__context__
    return {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "frames": [frame for frame in frames[:-1] if frame.startswith(str(own)) and "site-packages" not in frame][-12:]
        + frames[-1:],
        "cause": type(cause).__qualname__ if cause is not None else "",
    }
