"""``suandai audit``: take a process's history out of the engine, decoded, and replay histories strictly."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.text import Text

from domain.process import NAMESPACE
from suandai.stack.layout import DEFAULT_PORT_BASE, Layout, Ports
from suandai.terminal import DEFAULT_DIRECTORY, DirectoryOption, PortBaseOption, err, out, told_in_one_line

if TYPE_CHECKING:
    from audit.replay.history import RecordedHistory
    from audit.replay.strict import Replay

audit_app = typer.Typer(
    no_args_is_help=True, help="For auditors: histories of processes, and whether they can be repeated."
)

DIFFERENT, NOT_RUN = 1, 3
_SHOWN = 40
_COLOURS = {"same": "green", "different": "red", "not_run": "yellow"}
KeysOption = Annotated[
    Path | None,
    typer.Option("--keys", help="The directory of the keys the payloads were encrypted with."),
]


@audit_app.command("history")
def history_(
    workflow_id: Annotated[str, typer.Argument(help="application-…, utilisation-… or facility-… with its id.")],
    file: Annotated[Path, typer.Argument(help="Where to write it. It is written decoded, readable for you only.")],
    directory: DirectoryOption = DEFAULT_DIRECTORY,
    port_base: PortBaseOption = DEFAULT_PORT_BASE,
    address: Annotated[str, typer.Option(help="The engine's address, where it is not this machine's stack.")] = "",
    keys: KeysOption = None,
) -> None:
    """Write the history of a process to a file, its payloads decrypted."""
    from temporalio.service import RPCError

    from audit.replay.history import HistoryUnreadable, write_history
    from services.kit.keyring import KeysRefused, Undecipherable, UnknownKey
    from services.kit.payload_codec import PlainPayload

    with told_in_one_line(directory):
        address = address or f"127.0.0.1:{Ports.from_base(port_base).temporal}"
    keys = keys or Layout(directory.absolute()).worker_keys
    try:
        found = asyncio.run(_fetched(workflow_id, address, keys))
    except RPCError as error:
        _refuse(f"the engine at {address} has no such process" if "not found" in str(error) else "the engine refused")
    except RuntimeError:
        _refuse(f"no engine answers at {address}")
    except (KeysRefused, HistoryUnreadable, PlainPayload, Undecipherable, UnknownKey) as error:
        _refuse(str(error))
    with told_in_one_line(directory):
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as sink:
            sink.write(write_history(found))
    out.print(f"{file}: {found.workflow}, {len(found.events)} events, build {found.build or 'unknown'}", soft_wrap=True)


@audit_app.command("replay")
def replay_(
    files: Annotated[list[Path], typer.Argument(help="Histories, as `suandai audit history` writes them.")],
    code: Annotated[
        Path | None,
        typer.Option(help="Replay on this code, a build's wheel or a directory, instead of each history's own build."),
    ] = None,
    builds: Annotated[
        list[Path] | None,
        typer.Option(help="A directory of archived builds beside those the stack keeps; may be repeated."),
    ] = None,
    keys: KeysOption = None,
    directory: DirectoryOption = DEFAULT_DIRECTORY,
    as_json: Annotated[
        bool, typer.Option("--json", help="Machine-readable: every difference with both values.")
    ] = False,
) -> None:
    """Run recorded histories again and compare everything the processes said, with its figures.

    Exits 0 when all say the same, 1 when anything differs, 3 when a history could not be replayed.
    """
    from audit.replay.history import HistoryUnreadable, read_history
    from audit.replay.own_build import KeptCode, replay_on_own_builds, wheels_in
    from audit.replay.report import to_json
    from services.kit.keyring import KeysRefused, Undecipherable, UnknownKey
    from services.kit.payload_codec import PlainPayload
    from suandai.stack.builds import BuildStore, build_id

    histories = {}
    unreadable = False
    for file in files:
        try:
            histories[str(file)] = _opened(read_history(file), keys)
        except (HistoryUnreadable, KeysRefused, PlainPayload, Undecipherable, UnknownKey) as error:
            err.print(f"[red]suandai:[/] {error}", soft_wrap=True)
            unreadable = True
    stored = BuildStore(Layout(directory.absolute()).builds)
    kept = KeptCode(build_id(Path(__file__).parents[1]), [stored.code, *map(wheels_in, builds or [])])
    replays = replay_on_own_builds(histories, kept, code=code)
    if as_json:
        print(to_json(replays, indent=1))
    else:
        _show(replays)
    if any(found.verdict == "different" for found in replays):
        raise typer.Exit(DIFFERENT)
    if unreadable or any(found.verdict != "same" for found in replays):
        raise typer.Exit(NOT_RUN)


async def _fetched(workflow_id: str, address: str, keys: Path) -> "RecordedHistory":
    from temporalio.client import Client

    from audit.replay.history import decoded, recorded
    from services.kit.keyring import Keyring
    from services.kit.payload_codec import EncryptedPayloads

    codec = EncryptedPayloads(Keyring.load(keys, {"payload"}))
    client = await Client.connect(address, namespace=NAMESPACE)
    history = await client.get_workflow_handle(workflow_id).fetch_history()
    return await decoded(recorded(history.events, workflow_id), codec)


def _opened(history: "RecordedHistory", keys: Path | None) -> "RecordedHistory":
    from audit.replay.history import decoded, is_encrypted
    from services.kit.keyring import Keyring
    from services.kit.payload_codec import EncryptedPayloads

    if keys is None or not is_encrypted(history):
        return history
    return asyncio.run(decoded(history, EncryptedPayloads(Keyring.load(keys, {"payload"}))))


def _refuse(reason: str) -> NoReturn:
    err.print(f"[red]suandai:[/] {reason}", soft_wrap=True)
    raise typer.Exit(NOT_RUN)


def _show(replays: "list[Replay]") -> None:
    for found in replays:
        line = Text(f"{found.verdict:<10}", style=_COLOURS[found.verdict])
        line.append(
            f"{found.workflow:<18}{found.workflow_id}  {found.compared} compared, build {found.build}", style=""
        )
        out.print(line, soft_wrap=True)
    for found in replays:
        if found.verdict == "same":
            continue
        out.print(f"{found.workflow_id}: {found.reason or f'{len(found.differences)} difference(s)'}", soft_wrap=True)
        for difference in found.differences[:_SHOWN]:
            out.print(f"  {difference}", markup=False, soft_wrap=True)
        if len(found.differences) > _SHOWN:
            out.print(f"  … {len(found.differences) - _SHOWN} more: --json tells all")
        if found.verdict == "different" and not found.engine:
            out.print("  the engine's own replayer objects to none of this", style="dim")
