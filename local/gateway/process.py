"""The gateway as a child process, for as long as a context lasts."""

import os
import select
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from local.gateway.errors import GatewayError

_PROJECT = Path(__file__).parents[2]
_READY_SECONDS = 60
_STOP_SECONDS = 5


class Gateway:
    """One deployed API at `url` on this machine, from entering to leaving the context.

    It also ends when the process that entered it ends, however that happens. `log` has what it says, and the
    access log. Raises GatewayError if it does not start.
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
        self._arguments = ["--api", api, "--port", str(port)]
        for issuer, address in (issuer_addresses or {}).items():
            self._arguments += ["--issuer-address", f"{issuer}={address}"]
        self._variables = variables
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "local.gateway", *self._arguments],
                env={**self._variables, "PYTHONPATH": str(_PROJECT)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                # A terminal's Ctrl-C does not reach it: it is stopped after those that use it.
                start_new_session=True,
            )
        try:
            self.url = f"http://127.0.0.1:{self._port(self._process)}"
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process, with its log written. Does nothing the second time."""
        if self._process is None:
            return
        process, self._process = self._process, None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_STOP_SECONDS)
        process.stdout.close()

    def _port(self, process: subprocess.Popen[bytes]) -> int:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], _READY_SECONDS)
        line = process.stdout.readline() if ready else b""
        if line.strip().isdigit():
            return int(line)
        how = "ended at once" if ready else f"did not start within {_READY_SECONDS} s"
        said = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise GatewayError(f"The gateway {how}: {said[-1] if said else os.strerror(0)}")
