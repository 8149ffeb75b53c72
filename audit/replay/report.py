"""The report of a replay as JSON, so that it can pass from one process to another and into an auditor's file."""

import json
from collections.abc import Sequence
from typing import Any

from audit.replay.differences import Difference
from audit.replay.strict import Replay


def to_json(replays: Sequence[Replay], *, indent: int | None = None) -> str:
    """One object a history: where it comes from, the verdict, and each difference with its place and both values."""
    return json.dumps([_told(replay) for replay in replays], ensure_ascii=False, indent=indent, default=str)


def from_json(text: str) -> list[Replay]:
    """The report as written by ``to_json``; figures that are no whole numbers come back as text."""
    return [
        Replay(**(told | {"differences": tuple(Difference(**difference) for difference in told["differences"])}))
        for told in json.loads(text)
    ]


def _told(replay: Replay) -> dict[str, Any]:
    return {
        "workflow_id": replay.workflow_id,
        "workflow": replay.workflow,
        "build": replay.build,
        "verdict": replay.verdict,
        "reason": replay.reason,
        "compared": replay.compared,
        "engine": replay.engine,
        "differences": [
            {
                "event_id": difference.event_id,
                "kind": difference.kind,
                "key": difference.key,
                "path": difference.path,
                "expected": difference.expected,
                "found": difference.found,
            }
            for difference in replay.differences
        ],
    }
