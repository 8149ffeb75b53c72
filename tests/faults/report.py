"""The report of a stream under blows, as a page of the documentation."""

import os
from collections import Counter
from pathlib import Path
from statistics import median

from tests.faults.blows import ALL, STARTING, TARGETS
from tests.faults.stream import Outcome

_PAGE = """\
# Kills 故障演练

A stream of cases is played by people over HTTP while the components of the bank are killed (SIGKILL) at random moments: one at
a time, all at once, and again while they start. The supervisor starts them again; people repeat what was not answered, with the
same key. `make faults` plays 2,000 cases and writes this page; `make test` plays fewer. `SUANDAI_FAULT_CASES` and
`SUANDAI_FAULT_SEED` choose how many and which moments.

| | |
|---|---|
| cases | {cases} |
| of them | {stories} |
| blows | {blows} |
| whole run | {minutes:.1f} minutes, on {cores} cores with {load:.0f} programs ready to run at its end |
| cases that ended elsewhere than without blows, or with an event lost or doubled; payments missing or beyond | {faults} |
| drawings that failed because their instruction was lost on its way, and were asked for again | {failed} |
| differences that `suandai reconcile` found afterwards | {differences} |

## Seconds from the blow until the part is ready again

The supervisor's own pause is in them: 0.2 seconds, doubled each time a part ends again within a minute.

| component | blows | shortest | median | longest |
|---|---|---|---|---|
{recovery}

On a machine that is busy with other things everything here takes longer; the counts of the first table do not change.

What was in the hands of a killed worker is taken up again when the engine misses it: a decision after 10 seconds, an activity when
its heartbeat has been missing for as long.
"""


def write_report(path: Path, outcome: Outcome, seed: int) -> None:
    """Write the page."""
    told = Counter(case.story.name for case in outcome.cases)
    rows = [
        f"| {name} | {len(found)} | {min(found):.1f} | {median(found):.1f} | {max(found):.1f} |"
        for name in (*TARGETS, ALL, STARTING)
        if (found := outcome.record.recovery.get(name))
    ]
    path.write_text(
        _PAGE.format(
            cases=f"{len(outcome.cases):,} (seed {seed})",
            stories=", ".join(f"{count} {name}" for name, count in told.most_common()),
            blows=len(outcome.record.blows),
            minutes=outcome.seconds / 60,
            cores=os.cpu_count(),
            load=os.getloadavg()[1],
            faults=len(outcome.faults),
            failed=outcome.failed_drawings,
            differences=len(outcome.reconciliation.differences),
            recovery="\n".join(rows),
        ),
        "utf-8",
    )
