"""The stack as a person lives with it: starts, stops, crashes, and messages that say what to do."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psycopg
import pytest
import pytest_asyncio

from suandai.stack import Command, Component, Ports, Stack, StackError, down
from suandai.stack.component import Preload
from suandai.stack.postgres import Postgres
from suandai.stack.process import ProcessMark
from suandai.stack.record import StackRecord
from suandai.stack.services import AsgiService

REPOSITORY = Path(__file__).parents[2]
DATABASE_ONLY = ("postgres",)


@pytest.fixture
def directory() -> Iterator[Path]:
    """A stack's directory with a path short enough for a socket beside the data."""
    with TemporaryDirectory(prefix="sd-") as place:
        yield Path(place) / "stack"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stopped_stack() -> AsyncIterator[Path]:
    """The directory of a stack that was up once and was stopped."""
    with TemporaryDirectory(prefix="sd-") as place:
        async with Stack(Path(place) / "stack", ports=Ports.free(), components=DATABASE_ONLY):
            pass
        yield Path(place) / "stack"


@pytest.fixture
def used(stopped_stack: Path, directory: Path) -> Path:
    """A copy of that directory for one test, owners and modes included."""
    subprocess.run(["cp", "-a", str(stopped_stack), str(directory)], check=True)
    return directory


async def _until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        await asyncio.sleep(0.02)


async def _answers(url: str) -> str:
    async with httpx.AsyncClient(trust_env=False) as http:
        return (await http.get(url)).text


def _tiny(port: int, factory: str = "create_app", name: str = "tiny") -> AsgiService:
    service = AsgiService(name, f"tests.stack.tiny:{factory}", port, {})
    # The credit services' libraries are not among what it reads.
    service.preload = Preload(("uvicorn.main",), ("tests.stack.tiny",))
    return service


def _lay(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def _files(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in directory.iterdir()}


def _query(server: Postgres, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(server.conninfo("suandai"), autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def _cli(*arguments: str, timeout: float = 300) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SUANDAI_")}
    return subprocess.run(
        [sys.executable, "-m", "suandai", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=REPOSITORY,
        env=environment | {"COLUMNS": "200"},
        check=False,
    )


async def test_data_survives_a_restart(directory: Path) -> None:
    for expected in ([], [(1,)]):
        async with Stack(directory, ports=Ports.free(), components=DATABASE_ONLY) as stack:
            server = stack.assembly.postgres
            _query(server, "CREATE TABLE IF NOT EXISTS public.kept (id int)")
            assert _query(server, "SELECT id FROM public.kept") == expected
            _query(server, "INSERT INTO public.kept VALUES (1)")


async def test_nothing_runs_after_the_end(used: Path) -> None:
    async with Stack(used, ports=Ports.free(), components=DATABASE_ONLY, extra=[_tiny(Ports.free().pricing)]) as stack:
        record = StackRecord.read(stack.layout.record)
        assert record is not None
        assert record.state == "up"
        marks = [part.mark for part in record.components]
        assert all(mark.is_alive() for mark in marks)
    assert not any(mark.is_alive() for mark in marks)
    ended = StackRecord.read(stack.layout.record)
    assert ended is not None
    assert (ended.state, ended.components) == ("stopped", ())


async def test_a_killed_component_is_started_again(used: Path) -> None:
    port = Ports.free().pricing
    async with Stack(used, ports=Ports.free(), components=DATABASE_ONLY, extra=[_tiny(port)]) as stack:
        first = await _answers(f"http://127.0.0.1:{port}/")
        for part in stack.parts:
            assert part.process is not None
            os.kill(part.process.mark.pid, signal.SIGKILL)
        await _until(lambda: all(part.restarts == 1 and part.state == "ready" for part in stack.parts))
        assert await _answers(f"http://127.0.0.1:{port}/") != first
        assert _query(stack.assembly.postgres, "SELECT 1") == [(1,)]
        record = StackRecord.read(stack.layout.record)
        assert record is not None
        assert [part.restarts for part in record.components] == [1, 1]


async def test_a_part_that_will_not_start_is_named_with_its_last_words(used: Path) -> None:
    broken = _tiny(Ports.free().pricing, factory="create_broken_app", name="broken")
    stack = Stack(used, ports=Ports.free(), components=DATABASE_ONLY, extra=[broken])
    with pytest.raises(StackError, match=r"broken ended with 1: .*the settings are wrong"):
        await stack.start()
    assert stack.assembly.postgres.is_ready() is False


async def test_a_part_that_answers_but_is_not_ready_is_named_with_what_it_lacks(directory: Path) -> None:
    unready = _tiny(Ports.free().pricing, factory="create_unready_app", name="unready")
    stack = Stack(directory, ports=Ports.free(), components=(), extra=[unready], ready_seconds=3)
    with pytest.raises(StackError, match=r"unready was not ready within 3 s \(it lacks: database\)"):
        await stack.start()


async def test_a_taken_port_is_named_with_what_it_is_for(directory: Path) -> None:
    ports = Ports.free()
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", ports.temporal_ui))
        holder.listen()
        stack = Stack(directory, ports=ports, components=("temporal",))
        with pytest.raises(StackError) as caught:
            await stack.start()
    message = str(caught.value)
    assert f"port {ports.temporal_ui} (web pages of temporal)" in message
    assert "--port-base" in message
    assert "\n" not in message


async def test_a_second_stack_in_the_same_directory_is_refused_and_harms_nothing(used: Path) -> None:
    async with Stack(used, ports=Ports.free(), components=DATABASE_ONLY) as stack:
        before = stack.layout.record.read_text()
        with pytest.raises(StackError, match=rf"a stack already runs in .* \(process {os.getpid()}\)"):
            await Stack(used, ports=Ports.free(), components=DATABASE_ONLY).start()
        assert stack.layout.record.read_text() == before
        assert stack.assembly.postgres.is_ready()


async def test_a_directory_of_another_format_is_left_alone(directory: Path) -> None:
    old = json.dumps({"format": 0, "state": "stopped", "components": []})
    _lay(directory / "stack.json", old)
    with pytest.raises(StackError, match="has format 0 and this suandai reads format 1"):
        await Stack(directory, ports=Ports.free(), components=DATABASE_ONLY).start()
    assert _files(directory) == {"lock": "", "stack.json": old}


async def test_data_without_its_record_is_left_alone(directory: Path) -> None:
    _lay(directory / "postgres" / "data" / "PG_VERSION", "9\n")
    with pytest.raises(StackError, match=r"holds data but no stack\.json"):
        await Stack(directory, ports=Ports.free(), components=DATABASE_ONLY).start()


async def test_a_database_of_another_major_version_is_named(used: Path) -> None:
    async with Stack(used, ports=Ports.free(), components=DATABASE_ONLY) as stack:
        version = stack.assembly.postgres.data / "PG_VERSION"
    _lay(version, "9\n")
    with pytest.raises(StackError, match="made by PostgreSQL 9, and this is PostgreSQL 18"):
        await Stack(used, ports=Ports.free(), components=DATABASE_ONLY).start()


async def test_a_nearly_full_disk_is_told_before_anything_starts(directory: Path) -> None:
    stack = Stack(directory, ports=Ports.free(), components=DATABASE_ONLY, free_bytes=1 << 60)
    with pytest.raises(StackError, match=r"only \d+ MB are free on the disk that holds"):
        await stack.start()


async def test_a_disk_that_fills_up_is_told_as_such(directory: Path) -> None:
    """/dev/full refuses every byte as a full disk does."""
    stack = Stack(directory, ports=Ports.free(), components=(), extra=[Hoarder()])
    with pytest.raises(StackError, match="no space left on the disk that holds"):
        await stack.start()


async def test_a_part_that_finds_the_disk_full_is_told_as_such(directory: Path) -> None:
    full = _tiny(Ports.free().pricing, factory="create_app_on_full_disk", name="full")
    stack = Stack(directory, ports=Ports.free(), components=(), extra=[full])
    with pytest.raises(StackError, match="full found no space left on the disk"):
        await stack.start()


class Hoarder(Component):
    """A component whose preparation fills the disk."""

    name = "hoarder"

    def prepare(self) -> None:
        with open("/dev/full", "w", encoding="utf-8") as file:
            file.write("a line that finds no room")

    def command(self) -> Command:
        return Command(("true",))

    def is_ready(self) -> bool:
        return False


async def test_a_killed_supervisor_leaves_nothing_that_the_next_start_cannot_end(used: Path) -> None:
    left = await _start_and_kill_a_supervisor(used)
    async with Stack(used, ports=Ports.free(), components=DATABASE_ONLY) as stack:
        assert not left.is_alive()
        assert _query(stack.assembly.postgres, "SELECT id FROM public.kept") == [(7,)]


async def test_a_detached_start_takes_over_from_a_killed_supervisor_and_is_found_again(used: Path) -> None:
    place = ("--directory", str(used))
    left = await _start_and_kill_a_supervisor(used)
    abandoned = StackRecord.read(used / "stack.json")
    started = await asyncio.to_thread(_cli, "up", "--detach", "--only", "postgres", "--port-base", "15600", *place)
    status = await asyncio.to_thread(_cli, "status", *place)
    again = await asyncio.to_thread(_cli, "up", *place)
    ended = await asyncio.to_thread(_cli, "down", *place)
    assert abandoned is not None
    assert not abandoned.is_up()
    assert not left.is_alive()
    assert (started.returncode, status.returncode, again.returncode) == (0, 0, 1)
    assert "postgres" in status.stdout
    assert "a stack already runs in" in again.stderr
    assert ended.stdout == "ended: supervisor\n"


async def test_down_ends_what_a_killed_supervisor_left(used: Path) -> None:
    left = await _start_and_kill_a_supervisor(used)
    assert await asyncio.to_thread(down, used) == ["postgres"]
    assert not left.is_alive()
    assert await asyncio.to_thread(down, used) == []


_SUPERVISOR = """
import asyncio, sys
from pathlib import Path
import psycopg
from suandai.stack import Layout, Ports, Stack
from suandai.stack.postgres import Postgres

async def main():
    directory = Path(sys.argv[1])
    server = Postgres(Layout(directory).postgres)
    async with Stack(directory, ports=Ports.free(), components=(), extra=[server]):
        with psycopg.connect(server.conninfo("suandai"), autocommit=True) as connection:
            connection.execute("CREATE TABLE public.kept (id int)")
            connection.execute("INSERT INTO public.kept VALUES (7)")
        print("up", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def _start_and_kill_a_supervisor(directory: Path) -> ProcessMark:
    """Run a supervisor until its database is up, kill it, and return the database that it leaves running."""
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _SUPERVISOR, str(directory), cwd=REPOSITORY, stdout=asyncio.subprocess.PIPE
    )
    assert supervisor.stdout is not None
    assert await asyncio.wait_for(supervisor.stdout.readline(), 30) == b"up\n"
    supervisor.kill()
    await supervisor.wait()
    record = StackRecord.read(directory / "stack.json")
    assert record is not None
    left = record.components[0].mark
    assert left.is_alive()
    return left


async def test_a_server_is_ended_even_when_the_record_is_lost(used: Path) -> None:
    left = await _start_and_kill_a_supervisor(used)
    StackRecord.now("up").write(used / "stack.json")
    async with Stack(used, ports=Ports.free(), components=DATABASE_ONLY) as stack:
        assert not left.is_alive()
        assert _query(stack.assembly.postgres, "SELECT id FROM public.kept") == [(7,)]


def test_a_pid_that_belongs_to_somebody_else_is_not_touched() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        real = ProcessMark.of(stranger.pid)
        assert real is not None
        mistaken = ProcessMark(stranger.pid, "another start")
        mistaken.end()
        assert stranger.poll() is None
        assert real.is_alive()
        stranger.kill()
        stranger.wait()
        assert not real.is_alive()


def test_the_command_line_says_in_one_line_what_is_wrong(directory: Path) -> None:
    assert _cli("status", "--directory", str(directory)).returncode == 3
    refused = _cli("up", "--directory", str(directory), "--port-base", "80")
    assert refused.returncode == 1
    assert refused.stderr == "suandai: the port base must lie between 2100 and 32700, not at 80\n"
    assert _cli("down", "--directory", str(directory)).stdout == "nothing was running\n"


def test_a_long_path_puts_the_socket_elsewhere() -> None:
    server = Postgres(Path("/tmp") / ("long" * 30))
    assert len(str(server.socket_directory)) < 80


def test_a_detached_start_that_fails_says_why(directory: Path) -> None:
    refused = _cli("up", "--detach", "--only", "nothing", "--directory", str(directory))
    assert refused.returncode == 1
    assert refused.stderr == "suandai: no such component: nothing\n"
