"""``python -m audit.replay``: the child that replays histories on whatever code lies first on its path, as a JSON report."""

import argparse
import asyncio
import importlib
import logging
import sys
from pathlib import Path

from audit.replay.history import read_history
from audit.replay.report import to_json
from audit.replay.strict import replay


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m audit.replay", description=__doc__)
    parser.add_argument("--definitions", default="workflows.definitions")
    parser.add_argument("histories", nargs="+", type=Path)
    wanted = parser.parse_args()
    # What the engine's library logs of a difference is told in the report, place by place.
    logging.disable(logging.CRITICAL)
    code = importlib.import_module(wanted.definitions)
    histories = [read_history(path) for path in wanted.histories]
    sys.stdout.write(to_json(asyncio.run(replay(histories, code.WORKFLOWS, code.runner()))))


if __name__ == "__main__":
    main()
