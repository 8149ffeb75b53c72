"""Errors as RFC 9457 problems: one stable code each, every fault of the request named, Chinese and English text.

A room registers its problem types once at import (``register``) and raises ``Problem(code, …)``; the handlers in
``error_handling`` turn whatever else goes wrong into one of the types below. Nothing a caller sent is ever repeated
back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

Language = Literal["zh", "en"]

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class ProblemType:
    """A kind of problem a client can program against. ``detail_*`` may name parameters in braces."""

    code: str
    status: int
    title_zh: str
    title_en: str
    detail_zh: str = ""
    detail_en: str = ""
    retryable: bool = False
    """Whether the same request, with the same Idempotency-Key, may succeed later without being changed."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a request. ``pointer`` is a JSON pointer into the body, or ``query/…``, ``path/…``,
    ``header/…``."""

    pointer: str
    code: str
    message_zh: str
    message_en: str


_TYPES: dict[str, ProblemType] = {}


def register(*types: ProblemType) -> None:
    """Add problem types to the catalogue. A code means one thing for ever: a second meaning is refused."""
    for entry in types:
        if _TYPES.setdefault(entry.code, entry) != entry:
            raise ValueError(f"problem code {entry.code} is already registered with another meaning")


def problem_type(code: str) -> ProblemType:
    """The registered type. Raises ``LookupError`` for a code nobody registered, which is a programming error."""
    try:
        return _TYPES[code]
    except KeyError:
        raise LookupError(f"problem code {code} is not registered") from None


def catalogue() -> dict[str, ProblemType]:
    """All registered types by code."""
    return dict(sorted(_TYPES.items()))


class Problem(Exception):
    """A refusal or failure with a registered code. ``params`` fill the braces of the type's detail text; they are
    figures, states and rule names, never what the caller sent."""

    def __init__(
        self, code: str, *, errors: Iterable[Fault] = (), headers: Mapping[str, str] | None = None, **params: object
    ) -> None:
        super().__init__(code)
        self.type = problem_type(code)
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.params = params

    @property
    def code(self) -> str:
        return self.type.code

    @property
    def status(self) -> int:
        return self.type.status

    def body(self, language: Language, *, instance: str = "", trace_id: str = "") -> "ProblemBody":
        """What the client gets, in one language."""
        zh = language == "zh"
        detail = self.type.detail_zh if zh else self.type.detail_en
        return ProblemBody(
            type=f"/problems/{self.code}",
            title=self.type.title_zh if zh else self.type.title_en,
            status=self.status,
            detail=detail.format_map(_Params(self.params)),
            instance=instance,
            code=self.code,
            errors=[
                FaultBody(pointer=e.pointer, code=e.code, message=e.message_zh if zh else e.message_en)
                for e in self.errors
            ],
            trace_id=trace_id,
            retryable=self.type.retryable,
        )


class FaultBody(BaseModel):
    """One fault as the client reads it."""

    model_config = ConfigDict(extra="ignore")

    pointer: str = Field(description="JSON pointer into the body, or query/…, path/…, header/…")
    code: str = Field(description="stable code of the fault")
    message: str


class ProblemBody(BaseModel):
    """An RFC 9457 problem with suandai's members: ``code``, ``errors``, ``trace_id``, ``retryable``."""

    model_config = ConfigDict(extra="ignore")

    type: str = Field(description="address of the description of this kind of problem")
    title: str
    status: int
    detail: str = ""
    instance: str = ""
    code: str
    errors: list[FaultBody] = []
    trace_id: str = ""
    retryable: bool = False


class _Params(dict[str, Any]):
    """What fills the braces of a text. ``{count:fault|faults}`` is the number with the noun it takes."""

    def __getitem__(self, key: str) -> "_Filling":
        # A text with a gap still reaches the client; losing the whole answer to it would hide the real problem.
        return _Filling(self.get(key, "…"))


class _Filling:
    def __init__(self, value: object) -> None:
        self._value = value

    def __format__(self, words: str) -> str:
        one, _, more = words.partition("|")
        return f"{self._value} {one if self._value == 1 else more}" if words else str(self._value)


def response(problem: Problem, language: Language, *, instance: str = "", trace_id: str = "") -> Response:
    """The HTTP answer of a problem."""
    body = problem.body(language, instance=instance, trace_id=trace_id)
    headers = {
        **problem.headers,
        "Content-Language": "zh-CN" if language == "zh" else "en",
        "Vary": "Accept-Language",
        "Cache-Control": "no-store",
    }
    return Response(body.model_dump_json(), problem.status, headers, media_type=MEDIA_TYPE)


def language_of(accept_language: str) -> Language:
    """Chinese or English by ``Accept-Language``; English where the caller has no say in it."""
    best: tuple[float, Language] = (0.0, "en")
    for part in accept_language[:200].split(","):
        tag, _, q = part.strip().partition(";")
        primary = tag.strip().lower().partition("-")[0]
        if primary not in ("zh", "en"):
            continue
        try:
            weight = float(q.strip().removeprefix("q=")) if q.strip() else 1.0
        except ValueError:
            continue
        if weight > best[0]:
            best = (weight, "zh" if primary == "zh" else "en")
    return best[1]


register(
    ProblemType("malformed_json", 400, "请求体不是合法的 JSON", "The body is not valid JSON", "{zh}", "{en}"),
    ProblemType("malformed_request", 400, "请求格式错误", "The request is malformed"),
    ProblemType(
        "idempotency_key_required",
        400,
        "缺少 Idempotency-Key",
        "An Idempotency-Key is required",
        "该操作必须携带 1 至 255 个可打印字符的 Idempotency-Key 请求头。",
        "This action needs an Idempotency-Key header of 1 to 255 printable characters.",
    ),
    ProblemType(
        "unauthenticated", 401, "未认证", "Not authenticated", "需要有效的访问令牌。", "A valid access token is needed."
    ),
    ProblemType(
        "forbidden",
        403,
        "无权执行",
        "Not permitted",
        "当前角色不能执行该操作。",
        "Your roles do not permit this action.",
    ),
    ProblemType(
        "not_found",
        404,
        "未找到",
        "Not found",
        "该资源不存在，或不在您的可见范围内。",
        "There is no such resource, or it is outside what you may see.",
    ),
    ProblemType("method_not_allowed", 405, "不支持的请求方法", "Method not allowed"),
    ProblemType("not_acceptable", 406, "无法提供所要求的格式", "Not acceptable"),
    ProblemType(
        "request_in_progress",
        409,
        "相同请求正在处理",
        "The same request is still running",
        "请稍后使用同一 Idempotency-Key 重试。",
        "Retry later with the same Idempotency-Key.",
        retryable=True,
    ),
    ProblemType(
        "already_exists",
        409,
        "已存在",
        "It exists already",
        "与已有记录的唯一标识冲突。",
        "It collides with a unique identifier already in the books.",
    ),
    ProblemType(
        "version_mismatch",
        412,
        "版本已变化",
        "The version has changed",
        "该资源已被修改，请重新读取后再提交。",
        "The resource has changed since you read it. Read it again, then decide.",
    ),
    ProblemType("body_too_large", 413, "请求体过大", "The body is too large"),
    ProblemType("unsupported_media_type", 415, "不支持的媒体类型", "Unsupported media type"),
    ProblemType(
        "invalid_request",
        422,
        "输入有误",
        "The input is not valid",
        "共 {count} 处问题，见 errors。",
        "{count:fault|faults}, listed in errors.",
    ),
    ProblemType(
        "idempotency_key_reused",
        422,
        "Idempotency-Key 已用于另一请求",
        "The Idempotency-Key belongs to another request",
        "同一 Idempotency-Key 只能用于内容完全相同的请求。",
        "One Idempotency-Key stands for one request with one content.",
    ),
    ProblemType(
        "if_match_required",
        428,
        "缺少 If-Match",
        "If-Match is required",
        "修改前须以 If-Match 请求头给出所读取的版本（ETag）。",
        "A change must name the version it was based on: send the ETag you read as If-Match.",
    ),
    ProblemType(
        "malformed_if_match",
        400,
        "If-Match 格式错误",
        "If-Match is malformed",
        "If-Match 须为所读取的强 ETag，不接受 * 或弱 ETag。",
        "If-Match must be the strong ETag you read; * and weak tags are not accepted.",
    ),
    ProblemType(
        "internal_error",
        500,
        "系统内部错误",
        "Internal error",
        "请提供 trace_id 以便查询。",
        "Quote the trace_id when you report this.",
        retryable=True,
    ),
    ProblemType(
        "neighbour_failed", 502, "关联服务返回异常", "A service we depend on gave an unusable answer", retryable=True
    ),
    ProblemType(
        "unavailable",
        503,
        "服务暂不可用",
        "Temporarily unavailable",
        "请稍后重试。",
        "Try again later.",
        retryable=True,
    ),
)
