"""What decided a case, in the words of its policy: each finding, the file it stands on, and the rows and rules that fired."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter, ValidationError

from domain.finding import ModelRef, PolicyRef, Reason, ReferenceDataRef, TraceStep
from suandai.policy_bank import NothingThere

_QUIET = frozenset({"out of scope", "kept"})
"""Results of rules that changed nothing."""
_MAX_BYTES = 64_000_000


class _Finding(BaseModel):
    """As much of a finding as an explanation reads. A file may come from anywhere."""

    kind: str
    outcome: str
    concerns: str | None = None
    as_of: str | None = None
    policy: PolicyRef | None = None
    model: ModelRef | None = None
    reference_data: tuple[ReferenceDataRef, ...] = ()
    reasons: tuple[Reason, ...] = ()
    trace: tuple[TraceStep, ...] = ()


_FINDINGS: Final = TypeAdapter(list[_Finding])


def findings_in(file: Path) -> list[dict[str, Any]]:
    """The findings in a JSON file. Raises ``NothingThere`` for a file that holds none."""
    if file.stat().st_size > _MAX_BYTES:
        raise NothingThere(f"{file} is larger than {_MAX_BYTES} bytes")
    try:
        found = json.loads(file.read_text("utf-8"))
    except (ValueError, RecursionError):
        raise NothingThere(f"{file} is not JSON") from None
    if isinstance(found, dict) and isinstance(found.get("findings"), list):
        found = found["findings"]
    findings = found if isinstance(found, list) else [found]
    if not findings:
        raise NothingThere(f"{file} holds no findings")
    try:
        _FINDINGS.validate_json(json.dumps(findings))
    except ValidationError as refused:
        place = "/".join(str(part) for part in refused.errors()[0]["loc"])
        raise NothingThere(f"{file} holds no findings, or damaged ones: {place}") from None
    return findings


def explained(findings: Sequence[dict[str, Any]], *, everything: bool = False) -> Iterator[str]:
    """The lines of an explanation; with ``everything`` also the rules that were kept or speak of other cases. What would
    steer a terminal is left out of them."""
    for line in _lines(findings, everything):
        yield "".join(character for character in line if character.isprintable())


def _lines(findings: Sequence[dict[str, Any]], everything: bool) -> Iterator[str]:
    bundles = dict.fromkeys(item["policy"]["sha256"] for item in findings if item.get("policy"))
    for sha256 in bundles:
        yield f"policy bundle {sha256}"
    for item in findings:
        concerns = f"  of {item['concerns']}" if item.get("concerns") else ""
        yield ""
        yield f"{item['kind']}: {item['outcome']}{concerns}  as of {item.get('as_of', '?')}"
        if policy := item.get("policy"):
            yield f"  by {policy['id']} version {policy['version']}" + (
                f" of {policy['sha256'][:12]}" if len(bundles) > 1 else ""
            )
        if model := item.get("model"):
            yield f"  model {model['id']} version {model['version']}"
        for reference in item.get("reference_data", ()):
            yield f"  with {reference['id']} of {reference['vintage']}"
        for reason in item.get("reasons", ()):
            yield f"  {reason['code']}: {reason['message_en']}  {reason['message_zh']}"
        yield from _fired(item.get("trace", ()), everything)


def _fired(trace: Sequence[dict[str, Any]], everything: bool) -> Iterator[str]:
    quiet = 0
    for step in trace:
        if step.get("result") in _QUIET and not everything:
            quiet += 1
            continue
        yield f"  {step['step']}: {step.get('result') or 'no result'}"
        if step.get("rule"):
            yield f"      {step['rule']}"
        if step.get("inputs"):
            yield "      with " + ", ".join(f"{name} {value}" for name, value in step["inputs"].items())
    if quiet:
        yield f"  {quiet} rules were kept or speak of other cases (--all shows them)"
