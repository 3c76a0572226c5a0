"""The gateway as a child process, for as long as a context lasts."""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from local.child import Child


class Gateway:
    """One deployed API at `url` on this machine, from entering to leaving the context.

    It also ends when the process that entered it ends, however that happens. `log` has what it says, and the
    access log. Raises ChildError if it does not start.
    """

    def __init__(
        self,
        api: str,
        variables: Mapping[str, str],
        log: Path,
        *,
        port: int = 0,
        issuer_addresses: Mapping[str, str] | None = None,
    ) -> None:
        """`variables`: the embedded AWS's (`EmbeddedAws.variables`) and PARAKEET_SERVICE_TOKEN."""
        arguments = ["--api", api, "--port", str(port)]
        for issuer, address in (issuer_addresses or {}).items():
            arguments += ["--issuer-address", f"{issuer}={address}"]
        self._child = Child("local.gateway", arguments, what="The gateway", log=log, variables=variables)
        self.url = ""

    def __enter__(self) -> Self:
        self._child.__enter__()
        self.url = f"http://127.0.0.1:{self._child.said}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._child.pid

    def stop(self) -> None:
        """End the process, with its log written. Does nothing the second time."""
        self._child.stop()
