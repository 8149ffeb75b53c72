"""``make histories``: record the processes of the present build, once, when they are no longer those of the last record.

The three examples run at a whole bank, with its real services, encrypted payloads and signed commands; the other cases on a
server whose time can be passed. What is recorded is never replaced: see docs/decisions/0015-strict-replay.md.
"""

import argparse
import asyncio
import shutil
import tempfile
import time
from pathlib import Path

from temporalio.client import Client

from audit.replay.builds import pack, replay_in_process
from audit.replay.history import RecordedHistory, decoded, recorded, write_history
from domain.process import application_workflow_id, facility_workflow_id, utilisation_workflow_id
from services.kit.keyring import Keyring
from services.kit.payload_codec import EncryptedPayloads
from suandai.stack.builds import build_id
from tests.fixtures.cases import SecuredCases
from tests.fixtures.stack import running_bank
from tests.fixtures.temporal import time_skipping_server
from tests.histories.archive import ROOM, enter, put_in_service, recorded_builds
from tests.histories.cases import ALL_CASES, CASES, EXAMPLES
from tests.workflows.books import today
from tests.workflows.stage import stage_on

SOURCES = Path(__file__).parents[2]
UNSAID = frozenset({"identity", "taskId", "meteringMetadata", "binaryChecksum", "header"})
"""What the files leave out: names of machines and processes, the engine's own bookkeeping, and headers, which carry traces."""


def record(anyway: bool) -> None:
    """Record the present build, when there is a reason to."""
    build = build_id(SOURCES)
    reason = "as asked" if anyway else why(build)
    if not reason:
        return
    print(f"recording build {build}: {reason}")
    begun = time.monotonic()
    histories = asyncio.run(played(build))
    missing = ALL_CASES - histories.keys()
    assert not missing, f"not recorded: {sorted(missing)}"
    with tempfile.TemporaryDirectory(prefix="sd-histories-") as directory:
        for case, history in histories.items():
            assert history.build == build, f"{case} ran on build {history.build}"
            process, name = case.split("/")
            path = Path(directory) / process / build / f"{name}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(write_history(history, without=UNSAID), "utf-8")
        pack(SOURCES, build, Path(directory) / "builds" / f"{build}.whl")
        files = [path.relative_to(directory) for path in Path(directory).rglob("*") if path.is_file()]
        for file in files:
            (ROOM / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(directory) / file, ROOM / file)
    enter(build, today().isoformat(), [ROOM / file for file in files])
    print(f"{len(histories)} histories in {time.monotonic() - begun:.0f} seconds; commit tests/histories")


async def played(build: str) -> dict[str, RecordedHistory]:
    """Every case, by ``process/case``."""
    return await from_stage(build) | await from_bank()


def why(build: str) -> str:
    """Why the present build has to be recorded; empty when it has not, which is told."""
    builds = recorded_builds()
    if not builds:
        return "it is the first"
    if any(known.build == build for known in builds):
        print(f"build {build} is recorded already")
        return ""
    histories = builds[-1].histories()
    if new := ALL_CASES - histories.keys():
        return f"the last record has no {', '.join(sorted(new))}"
    different = [replay.workflow_id for replay in replay_in_process(histories.values()) if replay.verdict != "same"]
    if different:
        return f"{len(different)} of {len(histories)} histories of build {builds[-1].build} go another way now"
    print(
        f"build {build} says the same as build {builds[-1].build} in all {len(histories)} histories: nothing to record"
    )
    return ""


async def from_stage(build: str) -> dict[str, RecordedHistory]:
    """The cases whose books answer at once."""
    found = {}
    async with time_skipping_server() as server:
        for case, play in CASES.items():
            async with stage_on(server, build) as stage:
                handle = await play(stage)
                found[case] = recorded((await handle.fetch_history()).events)
            print(f"  {case}: {len(found[case].events)} events")
    return found


async def from_bank() -> dict[str, RecordedHistory]:
    """The three examples from submission to a secured drawing; their facilities stay open."""
    found = {}
    async with running_bank() as bank:
        codec = EncryptedPayloads(Keyring.load(bank.layout.worker_keys, {"payload"}))
        client = await Client.connect(bank.assembly.temporal.address, namespace="suandai")
        played = SecuredCases(bank)
        for example in EXAMPLES:
            play = await played(example)
            workflows = {
                "application": application_workflow_id(play.application["application_id"]),
                "utilisation": utilisation_workflow_id(play.utilisation["utilisation_id"]),
                "facility": facility_workflow_id(play.facility["facility_id"]),
            }
            for process, workflow_id in workflows.items():
                events = (await client.get_workflow_handle(workflow_id).fetch_history()).events
                found[f"{process}/{example}"] = await decoded(recorded(events), codec)
                print(f"  {process}/{example}: {len(events)} events")
        del client
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make histories", description=__doc__)
    parser.add_argument("--anyway", action="store_true", help="record although the processes say the same as before")
    parser.add_argument("--in-service", metavar="BUILD", help="note that a recorded build was put into service")
    wanted = parser.parse_args()
    if wanted.in_service:
        put_in_service(wanted.in_service, today().isoformat())
    else:
        record(wanted.anyway)
