"""``python -m audit.replay``: the child that replays histories on whatever code lies first on its path.

Its report goes to a file: the engine's library writes to the standard output as it likes.
"""

import argparse
import asyncio
import importlib
import logging
from pathlib import Path

from audit.replay.history import read_history
from audit.replay.report import to_json
from audit.replay.strict import replay


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m audit.replay", description=__doc__)
    parser.add_argument("--definitions", default="workflows.definitions")
    parser.add_argument("--report", type=Path, required=True)
    parser.add_argument("histories", nargs="+", type=Path)
    wanted = parser.parse_args()
    # What the engine's library logs of a difference is told in the report, place by place.
    logging.disable(logging.CRITICAL)
    code = importlib.import_module(wanted.definitions)
    histories = [read_history(path) for path in wanted.histories]
    report = to_json(asyncio.run(replay(histories, code.WORKFLOWS, code.runner())))
    unfinished = wanted.report.with_suffix(".unfinished")
    unfinished.write_text(report, "utf-8")
    unfinished.replace(wanted.report)


if __name__ == "__main__":
    main()
