"""JSON Schemas of the kinds of policy file, for editors that help while a file is written.

An editor reads YAML's own types, the engine the text of every scalar; so a schema lets figures stand unquoted wherever
the engine would take their text. It catches misspelt fields and missing ones; what cells mean is checked with the book.
"""

from typing import Any, Final

from policy.engine.kinds import KINDS

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
ANY_KIND: Final = "policy"
"""The name of the schema for a file of any kind."""

_TEXT_OF: Final = {
    "string": ["string", "number", "boolean"],
    "integer": ["integer", "string"],
    "number": ["number", "string"],
    "boolean": ["boolean", "string"],
}


def schema_of(kind: str) -> dict[str, Any]:
    """The schema of one kind of file. Raises ``KeyError`` for a kind nobody knows."""
    written: dict[str, Any] = _as_written(KINDS[kind].model_json_schema(mode="validation"))
    return {"$schema": DIALECT, **written, "title": f"{kind} policy"}


def schema_names() -> tuple[str, ...]:
    """Every kind, and the schema that fits them all."""
    return (*sorted(KINDS), ANY_KIND)


def schema_of_any() -> dict[str, Any]:
    """The schema of a file whatever its kind: that of the kind it states, in a file of its own beside this one."""
    chosen = [
        {
            "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
            "then": {"$ref": f"{kind}.schema.json"},
        }
        for kind in sorted(KINDS)
    ]
    return {
        "$schema": DIALECT,
        "title": "policy",
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": sorted(KINDS)}},
        "allOf": chosen,
    }


def _as_written(schema: Any, name: str = "") -> Any:
    if isinstance(schema, list):
        return [_as_written(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if name in ("properties", "$defs", "patternProperties"):
        return {key: _as_written(item) for key, item in schema.items()}
    found = {key: _as_written(item, key) for key, item in schema.items() if key not in ("default", "discriminator")}
    given = found.pop("enum", None) or ([found.pop("const")] if "const" in found else None)
    if given is not None:
        found.pop("type", None)
        figures = [int(item) for item in given if isinstance(item, str) and item.isascii() and item.isdigit()]
        found["enum"] = [*given, *figures]
    elif found.get("type") in _TEXT_OF:
        found["type"] = _TEXT_OF[found["type"]]
        # Bounds of figures hold for figures; a pattern of the text would refuse a version that stands unquoted.
        if found["type"][0] == "string":
            found.pop("format", None)
    return found
