"""``suandai builds``: which builds still have cases, moving cases between builds, and bringing lost code back."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from domain.process import DEPLOYMENT
from suandai.stack import Layout, StackError
from suandai.stack.assembly import SOURCES
from suandai.stack.builds import BuildStore, build_id
from suandai.stack.fleet import BuildView, lost_build, pinned_to, survey
from suandai.stack.record import StackRecord
from suandai.stack.temporal_server import TemporalServer
from suandai.stack.workers import WORKER
from suandai.terminal import DEFAULT_DIRECTORY, DirectoryOption, err, out, told_in_one_line

builds_app = typer.Typer(
    invoke_without_command=True, help="Builds of the credit processes: which still have cases, and moving cases."
)


@builds_app.callback()
def listing(context: typer.Context, directory: DirectoryOption = DEFAULT_DIRECTORY) -> None:
    """Show every build the engine knows of. Exits 3 when cases wait for a build that does not run."""
    if context.invoked_subcommand is not None:
        return
    layout = Layout(directory.absolute())
    with told_in_one_line(directory):
        record = StackRecord.read(layout.record)
        if record is None or _server(record, layout) is None:
            raise StackError("the stack is not running; start it with `suandai up`")
        manned = show_builds(layout, record)
    if not manned:
        raise typer.Exit(3)


@builds_app.command()
def move(
    workflow_ids: Annotated[list[str] | None, typer.Argument(help="Processes, such as application-0190….")] = None,
    origin: Annotated[str, typer.Option("--from", help="Instead: every open case of this build.")] = "",
    to: Annotated[str, typer.Option("--to", help="The build to move to; the current one by default.")] = "",
    directory: DirectoryOption = DEFAULT_DIRECTORY,
) -> None:
    """Move open cases to another build. Its code must be able to go on from where they stand: a case for which it cannot
    shows among the stuck processes and can be moved back."""
    layout = Layout(directory.absolute())
    with told_in_one_line(directory):
        if bool(workflow_ids) == bool(origin):
            raise StackError("name the processes to move, or the build to move all open cases --from")
        record = StackRecord.read(layout.record)
        server = None if record is None else _server(record, layout)
        if server is None:
            raise StackError("the stack is not running; start it with `suandai up`")
        known = server.versions(DEPLOYMENT)
        target = to or next((build for build, status in known.items() if status == "current"), "")
        for build in filter(None, (target, origin)):
            if build not in known:
                raise StackError(f"the engine knows no build {build}; see `suandai builds`")
        if origin:
            server.move_all(pinned_to(origin), DEPLOYMENT, target)
        for workflow_id in workflow_ids or ():
            server.move(workflow_id, DEPLOYMENT, target)
    moved = f"the open cases of build {origin}" if origin else ", ".join(workflow_ids or ())
    out.print(f"moved to build {target}: {moved}", soft_wrap=True)


@builds_app.command()
def keep(
    sources: Annotated[Path, typer.Argument(help="A checkout of the revision the build was made from.")] = SOURCES,
    directory: DirectoryOption = DEFAULT_DIRECTORY,
) -> None:
    """Put the code of a build that was lost back; its worker starts by itself."""
    with told_in_one_line(directory):
        if not (sources / "workflows" / "worker.py").exists():
            raise StackError(f"{sources} holds no credit processes")
        build = build_id(sources.absolute())
        BuildStore(Layout(directory.absolute()).builds).keep(sources.absolute(), build)
    out.print(f"kept build {build}")


def show_builds(layout: Layout, record: StackRecord) -> bool:
    """Print the builds while the engine runs; whether every build that cases stand on is served."""
    server = _server(record, layout)
    if server is None:
        return True
    views = survey(server, BuildStore(layout.builds))
    serving = {
        part.addresses.get("build"): part.mark.is_alive()
        for part in record.components
        if part.name == WORKER or part.name.startswith(f"{WORKER}-")
    }
    if views:
        out.print(_table(views, {build for build, alive in serving.items() if build and alive}))
    for view in views:
        if view.lost:
            err.print(f"[red]suandai:[/] {lost_build(view, layout.builds)}", soft_wrap=True)
    return all(serving.get(view.build) for view in views if view.open_cases)


def _table(views: list[BuildView], serving: set[str]) -> Table:
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for heading in ("build", "state", "open cases", "code", "worker"):
        table.add_column(heading)
    for view in views:
        runs = Text("running", style="green") if view.build in serving else Text("none", style="dim")
        kept = Text("kept") if view.code_kept else Text("lost" if view.open_cases else "gone", style="red")
        table.add_row(view.build, view.status, str(view.open_cases), kept, runs)
    return table


def _server(record: StackRecord, layout: Layout) -> TemporalServer | None:
    """The running engine of a recorded stack."""
    for part in record.components:
        if part.name == TemporalServer.name and part.mark.is_alive():
            return TemporalServer(layout.temporal, part.ports["gRPC"], part.ports["web pages"])
    return None
