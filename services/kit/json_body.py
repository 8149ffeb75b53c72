"""Reading JSON from outside, strictly.

Refused at once, because no later check can see it any more: text that is not UTF-8, duplicate keys (which of two
amounts counts?), NaN and infinities, integers a JavaScript client would have changed already (I-JSON, RFC 7493),
nesting without end, and the two kinds of text Postgres cannot store (NUL, lone surrogates).
"""

import json
import math
from typing import Any, NoReturn

from services.kit.problems import Fault, Problem

MAX_DEPTH = 48
_LARGEST_EXACT = 2**53 - 1
_LONGEST_INTEGER = 17


def parse_json(raw: bytes) -> Any:
    """The value of a JSON document. Raises the problem ``malformed_json`` (400), or ``invalid_request`` (422) with one
    fault for each text that cannot be stored."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        _refuse("须为 UTF-8 编码。", "It must be encoded in UTF-8.")
    try:
        value = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite, parse_int=_exact_integer
        )
    except json.JSONDecodeError as error:
        _refuse(
            f"第 {error.lineno} 行第 {error.colno} 列附近有语法错误。",
            f"There is a syntax error near line {error.lineno}, column {error.colno}.",
        )
    except RecursionError:
        _too_deep()
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and _deeper_than(value, MAX_DEPTH):
        _too_deep()
    if b"\\u" in raw and (faults := _unstorable(value)):
        raise Problem("invalid_request", errors=faults, count=len(faults))
    return value


def _refuse(zh: str, en: str) -> NoReturn:
    raise Problem("malformed_json", zh=zh, en=en)


def _too_deep() -> NoReturn:
    _refuse(f"嵌套不得超过 {MAX_DEPTH} 层。", f"It must not be nested deeper than {MAX_DEPTH} levels.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        _refuse("同一对象中有重复的字段名。", "An object names the same member twice.")
    return members


def _no_constant(_: str) -> NoReturn:
    _refuse("NaN 与 Infinity 不是 JSON 数字。", "NaN and Infinity are not JSON numbers.")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        _refuse("数字超出可表示范围。", "A number is too large to be represented.")
    return number


def _exact_integer(digits: str) -> int:
    number = int(digits) if len(digits) <= _LONGEST_INTEGER else None
    if number is None or abs(number) > _LARGEST_EXACT:
        _refuse("整数超出 ±(2^53−1)；金额请以文本书写。", "An integer is beyond ±(2^53−1); write amounts as text.")
    return number


def _deeper_than(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
    return bool(level)


def _unstorable(value: Any) -> list[Fault]:
    faults: list[Fault] = []
    stack: list[tuple[str, Any]] = [("", value)]
    while stack:
        pointer, node = stack.pop()
        if isinstance(node, dict):
            for key, child in node.items():
                # A member name that cannot be stored is reported at its object; it cannot be part of a pointer.
                if not storable(key):
                    faults.append(_text_fault(pointer))
                else:
                    stack.append((f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}", child))
        elif isinstance(node, list):
            stack.extend((f"{pointer}/{index}", child) for index, child in enumerate(node))
        elif isinstance(node, str) and not storable(node):
            faults.append(_text_fault(pointer))
    return sorted(set(faults), key=lambda fault: fault.pointer)


def storable(text: str) -> bool:
    """Whether Postgres can keep this text: no NUL, no lone surrogate."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _text_fault(pointer: str) -> Fault:
    return Fault(
        pointer,
        "text_not_storable",
        "文本含有 NUL 或不成对的代理字符",
        "the text contains a NUL or an unpaired surrogate",
    )
