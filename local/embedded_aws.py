"""An AWS of one's own: moto's server, and an environment from which no other is reached."""

import json
import os
import secrets
import select
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from config.errors import OneLineError
from local.aws.deployers_key import secret_access_key

REGION = "us-east-1"
_PROJECT = Path(__file__).parents[1]
_READY_SECONDS = 60
_STOP_SECONDS = 5
# Account, endpoint, secrets, state, logs: none of these may come from a person's own settings.
_NOT_INHERITED = (
    *("AWS_", "MOTO_", "CDKTF_", "PARAKEET_STATE"),
    *("TF_VAR_", "TF_CLI_ARGS", "TF_DATA_DIR", "TF_LOG", "TF_WORKSPACE"),
)


class EmbeddedAwsError(OneLineError):
    """It did not start; the text is one line that says why."""


class EmbeddedAws:
    """An empty AWS account on a free port of 127.0.0.1, from entering to leaving the context.

    It also ends when the process that entered it ends, however that happens. What it has to say is in `log`,
    what its functions log in `functions_log`. `twins` are the `python` folders of layers built for this
    machine, by the layers' names.
    Raises EmbeddedAwsError if it does not start.
    """

    def __init__(
        self, log: Path, *, twins: Mapping[str, Path] | None = None, functions_log: Path | None = None
    ) -> None:
        self.log = log
        self._settings = {
            "PARAKEET_TWINS": json.dumps({name: str(path) for name, path in (twins or {}).items()}),
            "PARAKEET_FUNCTIONS_LOG": str(functions_log or ""),
        }
        # What AWS's services show when they invoke functions: the gateway needs it, nobody else.
        self.service_token = secrets.token_urlsafe(32)
        self._deployers_secret = secrets.token_urlsafe(32)
        self._process: subprocess.Popen[bytes] | None = None
        self.endpoint = ""

    def __enter__(self) -> Self:
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "local.aws.server"],
                env={
                    **_impersonal(os.environ),
                    **self._settings,
                    "PARAKEET_SERVICE_TOKEN": self.service_token,
                    "PARAKEET_DEPLOYERS_SECRET": self._deployers_secret,
                    "PYTHONPATH": str(_PROJECT),
                },
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                # A terminal's Ctrl-C does not reach it: it is stopped after those that use it.
                start_new_session=True,
            )
        try:
            self.endpoint = f"http://127.0.0.1:{self._port(self._process)}"
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> None:
        """End the process; its account is gone then. Does nothing the second time."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.kill()
        process.wait(_STOP_SECONDS)
        if process.stdout is not None:
            # It ends when the functions' processes have, too.
            while select.select([process.stdout], [], [], _STOP_SECONDS)[0] and process.stdout.read(1):
                pass
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def variables(self, variables: Mapping[str, str]) -> dict[str, str]:
        """`variables` for processes that are to reach this AWS, and no other: with keys made up for it."""
        bypass = ",".join(filter(None, [variables.get("NO_PROXY") or variables.get("no_proxy"), "127.0.0.1"]))
        # A key that may do everything; no function can sign with it.
        key = f"MADEUP{secrets.token_hex(7).upper()}"
        return _impersonal(variables) | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret_access_key(key, self._deployers_secret),
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            # What fails here fails again; the provider would try 25 times, for minutes.
            "AWS_MAX_ATTEMPTS": "4",
            "NO_PROXY": bypass,
            "no_proxy": bypass,
        }

    def _port(self, process: subprocess.Popen[bytes]) -> int:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], _READY_SECONDS)
        line = process.stdout.readline() if ready else b""
        if line.strip().isdigit():
            return int(line)
        how = "ended at once" if ready else f"did not start within {_READY_SECONDS} s"
        said = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise EmbeddedAwsError(f"The embedded AWS {how}: {said[-1] if said else 'it says nothing'}")


def _impersonal(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if not name.startswith(_NOT_INHERITED)}
