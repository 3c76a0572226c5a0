"""PostgreSQL with TLS as a child process."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlencode

from local.child import Child, ChildError
from local.postgres.database import DATABASE, LOGIN
from local.postgres.process import CA_FILE

HOST = "localhost"


class Postgres:
    """A PostgreSQL behind TLS, from entering to leaving the context; its data stays in `folder`.

    When root starts it, PostgreSQL runs as nobody, and `folder` has to be where others can reach it, as the
    system's temporary folder is. Entering raises ChildError if it does not start.
    """

    def __init__(self, folder: Path, *, port: int = 0, variables: Mapping[str, str] = os.environ) -> None:
        """Port 0 is a free one. `variables` are those of the process."""
        folder.mkdir(parents=True, exist_ok=True)
        self.user = LOGIN
        self.database = DATABASE
        self.ca_file = folder / CA_FILE
        self.port = 0
        self._folder = folder
        self._process = Child(
            "local.postgres.process",
            [f"--folder={folder}", f"--port={port}"],
            what="PostgreSQL",
            log=folder / "process.log",
            # PG… variables are a person's own.
            variables={name: value for name, value in variables.items() if not name.startswith("PG")},
        )

    def __enter__(self) -> Self:
        self._process.__enter__()
        self.port = int(self._process.said)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.stop()

    @property
    def password(self) -> str:
        """The login's, made up when `folder` was."""
        return (self._folder / "password").read_text(encoding="utf-8")

    @property
    def pid(self) -> int:
        """The id of the process that runs PostgreSQL and its front."""
        return self._process.pid

    def url(self, database: str = DATABASE, *, sslmode: str = "require", verified: bool = True) -> str:
        """For psycopg and libpq, with the password; `verified` names the authority's file, too."""
        query = {"sslmode": sslmode} | ({"sslrootcert": str(self.ca_file)} if verified else {})
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return f"postgresql://{login}@{HOST}:{self.port}/{quote(database, safe='')}?{urlencode(query)}"

    def stop(self) -> None:
        """Let PostgreSQL be down; the front says so to who comes."""
        self._tell("stop")

    def kill(self) -> None:
        """Let PostgreSQL crash: open sessions are gone, what was committed is not."""
        self._tell("kill")

    def start(self) -> None:
        """Let it run again."""
        self._tell("start")

    def cut(self) -> int:
        """Reset all connections there are, as Neon does when it moves a database; how many."""
        return int(self._tell("cut"))

    def refuse(self) -> None:
        """Let there be nobody on the port."""
        self._tell("refuse")

    def accept(self) -> None:
        """Take connections again."""
        self._tell("accept")

    def delay(self, seconds: float) -> None:
        """Hold back all that clients send for that long; 0 ends it."""
        self._tell(f"delay {seconds}")

    def _tell(self, request: str) -> str:
        answer = self._process.ask(request)
        if answer.startswith("error "):
            raise ChildError(f"PostgreSQL: {answer.removeprefix('error ')}")
        return answer
