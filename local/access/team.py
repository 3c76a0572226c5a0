"""A Cloudflare team on this machine: its key server as a child process, its keys and tokens in a folder."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from local.access.key_server import CERTS_PATH
from local.access.keys import AccessError, SigningKeys
from local.access.tokens import person_token, service_token
from local.child import Child

_TEAM = "team.json"
HOUR = 3600


class Tokens:
    """Gives out tokens of the team whose folder that is. For a process that did not start it, too."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys = SigningKeys(folder)

    def person(self, email: str, *, audience: str | None = None, expires_in: int = HOUR) -> str:
        """A person's token; without `audience`, for the team's own application; `expires_in` is in seconds.

        Raises AccessError.
        """
        issuer, own = self._team()
        return person_token(
            self._keys, issuer=issuer, email=email, audience=audience or own, expires_in=expires_in
        )

    def service(self, name: str, *, audience: str | None = None, expires_in: int = HOUR) -> str:
        """The token of a service of that name, otherwise as a person's. Raises AccessError."""
        issuer, own = self._team()
        return service_token(
            self._keys, issuer=issuer, name=name, audience=audience or own, expires_in=expires_in
        )

    def _team(self) -> tuple[str, str]:
        try:
            team = json.loads((self._folder / _TEAM).read_bytes())
        except FileNotFoundError:
            raise AccessError(f"There is no team in {self._folder}: is `make serve` running?") from None
        except PermissionError:
            raise AccessError(f"The team in {self._folder} is another user's") from None
        return team["issuer"], team["audience"]


class AccessTeam:
    """The team, from entering to leaving the context; `folder`, closed to others, then keeps its last keys.

    Entering raises ChildError if its server does not start.
    """

    def __init__(
        self,
        folder: Path,
        *,
        name: str,
        audience: str,
        port: int = 0,
        variables: Mapping[str, str] = os.environ,
    ) -> None:
        """`name` is the team's at Cloudflare, `audience` its application's AUD tag; port 0 is a free one."""
        self.issuer = f"https://{name}.cloudflareaccess.com"
        self.audience = audience
        self.tokens = Tokens(folder)
        self.url = ""
        self._folder = folder
        self._keys = SigningKeys(folder)
        self._variables = variables
        self._server = self._child(port)

    def __enter__(self) -> Self:
        self._keys.create()
        team = {"issuer": self.issuer, "audience": self.audience}
        (self._folder / _TEAM).write_text(json.dumps(team), encoding="utf-8")
        self._server.__enter__()
        self.url = self._server.endpoint
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()

    @property
    def keys_url(self) -> str:
        """Where its public keys are."""
        return f"{self.url}{CERTS_PATH}"

    def rotate(self) -> str:
        """Sign with a new key from now on, as Cloudflare does every six weeks; its id.

        The last key stays good until the next rotation.
        """
        return self._keys.rotate()

    def stop(self) -> None:
        """Let the key server be down."""
        self._server.stop()

    def start(self) -> None:
        """Let it answer again, where it did."""
        self._server = self._child(int(self._server.said))
        self._server.__enter__()
        self.url = self._server.endpoint

    def _child(self, port: int) -> Child:
        return Child(
            "local.access.key_server",
            [f"--issuer={self.issuer}", f"--key-set={self._keys.key_set}", f"--port={port}"],
            what="The key server",
            log=self._folder / "key_server.log",
            variables=self._variables,
        )
