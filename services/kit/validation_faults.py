"""Validation errors as faults: stable codes, bilingual messages, pointers into what the client really sent."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic_core import ErrorDetails, core_schema

from services.kit.problems import Fault

# pydantic's error types → (our stable code, Chinese, English). Only limits are filled in, never what was sent.
_MESSAGES: dict[str, tuple[str, str, str]] = {
    "missing": ("missing", "必填项缺失", "this is required"),
    "extra_forbidden": ("unknown_field", "未知字段", "this field is not known"),
    "string_type": ("wrong_type", "须为文本", "must be text"),
    "string_too_short": ("too_short", "至少 {min_length} 个字符", "must have at least {min_length} characters"),
    "string_too_long": ("too_long", "至多 {max_length} 个字符", "must have at most {max_length} characters"),
    "string_pattern_mismatch": ("wrong_format", "格式不符", "does not have the right format"),
    "too_short": ("too_short", "至少 {min_length} 项", "must have at least {min_length} items"),
    "too_long": ("too_long", "至多 {max_length} 项", "must have at most {max_length} items"),
    "int_type": ("wrong_type", "须为整数", "must be an integer"),
    "int_parsing": ("wrong_type", "须为整数", "must be an integer"),
    "int_from_float": ("wrong_type", "须为整数", "must be an integer"),
    "float_type": ("wrong_type", "须为数字", "must be a number"),
    "float_parsing": ("wrong_type", "须为数字", "must be a number"),
    "bool_type": ("wrong_type", "须为 true 或 false", "must be true or false"),
    "bool_parsing": ("wrong_type", "须为 true 或 false", "must be true or false"),
    "decimal_text": (
        "decimal_text",
        "须为以文本书写的十进制数，不得使用 JSON 数字",
        "must be a decimal number written as text, not a JSON number",
    ),
    "decimal_finite": ("decimal_finite", "须为有限的十进制数", "must be a finite decimal number"),
    "decimal_range": ("decimal_range", "整数部分至多 {whole} 位", "must have at most {whole} digits before the point"),
    "decimal_scale": ("decimal_scale", "至多 {scale} 位小数", "must have at most {scale} decimal places"),
    "greater_than": ("out_of_range", "须大于 {gt}", "must be greater than {gt}"),
    "greater_than_equal": ("out_of_range", "不得小于 {ge}", "must be at least {ge}"),
    "less_than": ("out_of_range", "须小于 {lt}", "must be less than {lt}"),
    "less_than_equal": ("out_of_range", "不得大于 {le}", "must be at most {le}"),
    "literal_error": ("not_in_list", "须为下列之一：{expected}", "must be one of {expected}"),
    "enum": ("not_in_list", "须为下列之一：{expected}", "must be one of {expected}"),
    "date_type": ("wrong_format", "须为日期 YYYY-MM-DD", "must be a date, YYYY-MM-DD"),
    "date_parsing": ("wrong_format", "须为日期 YYYY-MM-DD", "must be a date, YYYY-MM-DD"),
    "date_from_datetime_parsing": ("wrong_format", "须为日期 YYYY-MM-DD", "must be a date, YYYY-MM-DD"),
    "date_from_datetime_inexact": ("wrong_format", "须为日期 YYYY-MM-DD", "must be a date, YYYY-MM-DD"),
    "datetime_type": ("wrong_format", "须为 RFC 3339 时间", "must be an RFC 3339 instant"),
    "datetime_parsing": ("wrong_format", "须为 RFC 3339 时间", "must be an RFC 3339 instant"),
    "datetime_from_date_parsing": ("wrong_format", "须为 RFC 3339 时间", "must be an RFC 3339 instant"),
    "timezone_aware": ("wrong_format", "时间须带时区", "the instant needs a time zone"),
    "uuid_type": ("wrong_format", "须为 UUID", "must be a UUID"),
    "uuid_parsing": ("wrong_format", "须为 UUID", "must be a UUID"),
    "model_type": ("wrong_type", "须为对象", "must be an object"),
    "model_attributes_type": ("wrong_type", "须为对象", "must be an object"),
    "dict_type": ("wrong_type", "须为对象", "must be an object"),
    "list_type": ("wrong_type", "须为数组", "must be an array"),
    "tuple_type": ("wrong_type", "须为数组", "must be an array"),
    "none_required": ("not_allowed", "此处不得填写", "must be left out"),
    "union_tag_invalid": ("not_in_list", "类别不在允许范围内", "is not one of the kinds allowed here"),
    "union_tag_not_found": ("missing", "缺少类别字段", "the field that tells the kind is missing"),
    "finite_number": ("wrong_type", "须为有限数字", "must be a finite number"),
}
_FALLBACK = ("invalid_value", "取值无效", "is not a valid value")
_BUILT_IN = frozenset(get_args(core_schema.ErrorType))


def register_messages(messages: Mapping[str, tuple[str, str]]) -> None:
    """Bilingual texts for a room's own validation codes (``PydanticCustomError`` types): ``code → (zh, en)``."""
    for code, (zh, en) in messages.items():
        if _MESSAGES.setdefault(code, (code, zh, en)) != (code, zh, en):
            raise ValueError(f"validation code {code} already has another text")


def faults_of(errors: Sequence[ErrorDetails | Mapping[str, Any]], body: Any, root: str = "body") -> tuple[Fault, ...]:
    """The faults of a request in the order of its fields. ``body`` is the parsed body; ``root`` is where locations
    without a place of their own start (``body`` for a document that was validated by hand)."""
    faults = [_fault(error, body, root) for error in errors if not _long_enough(error, body, root)]
    return tuple(dict.fromkeys(faults))


def _fault(error: ErrorDetails | Mapping[str, Any], body: Any, root: str) -> Fault:
    kind = str(error["type"])
    pointer = pointer_of(tuple(error["loc"]), body, kind, root)
    context = dict(error.get("ctx") or {})
    if kind in _MESSAGES:
        code, zh, en = _MESSAGES[kind]
        return Fault(pointer, code, _filled(zh, context), _filled(en, context))
    if kind not in _BUILT_IN:
        # A code of our own validators: its text was written by us and speaks of the rule.
        text = str(error.get("msg", ""))[:300]
        return Fault(pointer, kind, text, text)
    return Fault(pointer, *_FALLBACK)


def _long_enough(error: ErrorDetails | Mapping[str, Any], body: Any, root: str) -> bool:
    """Whether a list is called too short only because its faulty items were not counted: they have faults of their own."""
    if error["type"] != "too_short":
        return False
    node = body
    for part in pointer_of(tuple(error["loc"]), body, root=root).split("/")[1:]:
        if isinstance(node, Mapping):
            node = node.get(part.replace("~1", "/").replace("~0", "~"))
        elif isinstance(node, list) and part.isdecimal() and int(part) < len(node):
            node = node[int(part)]
        else:
            return False
    return isinstance(node, list) and len(node) >= (error.get("ctx") or {}).get("min_length", 0)


def _filled(template: str, context: dict[str, Any]) -> str:
    try:
        return template.format(**{key: str(value) for key, value in context.items()})
    except (KeyError, IndexError):
        return template


def pointer_of(location: tuple[int | str, ...], body: Any, kind: str = "", root: str = "body") -> str:
    """The JSON pointer of a validation location.

    Locations name the branch of a union they were in (``known``, ``absent``, a class name); walking the body that was
    really sent tells such a label from a field, so that the pointer is one the client can follow.
    """
    places = ("body", "query", "path", "header", "cookie")
    place, rest = (location[0], location[1:]) if location and location[0] in places else (root, location)
    if place != "body":
        return "/".join([str(place), *(str(part) for part in rest)])
    parts: list[str] = []
    node = body
    for index, part in enumerate(rest):
        last = index == len(rest) - 1
        if isinstance(node, Mapping) and isinstance(part, str):
            if part in node and not _is_label(part, node, rest[index + 1 :]):
                node = node[part]
            elif last and kind == "missing":
                node = None
            else:
                continue
        elif isinstance(node, list) and isinstance(part, int) and part < len(node):
            node = node[part]
        else:
            continue
        parts.append(str(part).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{part}" for part in parts)


def _is_label(part: str, node: Mapping[str, Any], inner: tuple[int | str, ...]) -> bool:
    """Whether ``part`` tells the kind of ``node`` although a field has the same name, as ``grade`` of a report of a grade:
    ``node`` says so itself, and what follows does not lie in the field.
    """
    if not inner or part not in node.values():
        return False
    field = node[part]
    if isinstance(field, Mapping):
        return inner[0] not in field
    return not (isinstance(field, list) and isinstance(inner[0], int))
