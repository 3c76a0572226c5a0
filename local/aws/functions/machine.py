"""What execution environments have of the machine they run on."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from local.aws.authorization import Authorization
from local.aws.functions.runtime import link_runtime
from local.aws.functions.unpacked import Unpacked

_WATCH = Path(__file__).with_name("watch.py")


@dataclass(frozen=True)
class Settings:
    """Where this differs from AWS, by variables of the embedded AWS's process.

    PARAKEET_TWINS: where each layer's twin for this machine is, its `python` folder by name, as JSON.
    PARAKEET_ENVIRONMENTS: of one function at once. Further invocations wait: this is no region of AWS.
    PARAKEET_IDLE_SECONDS: how long an idle one is kept.
    PARAKEET_RETRY_SECONDS: before the first and the second retry of an event, where AWS waits 60 and 120.
    """

    twins: Mapping[str, Path]
    environments: int
    idle_seconds: float
    retry_seconds: tuple[float, ...]

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> "Settings":
        """The settings that the variables make, with defaults."""
        twins = json.loads(variables.get("PARAKEET_TWINS") or "{}")
        environments = variables.get("PARAKEET_ENVIRONMENTS") or max(4, 2 * (os.cpu_count() or 1))
        return cls(
            twins={name: Path(folder) for name, folder in twins.items()},
            environments=int(environments),
            idle_seconds=float(variables.get("PARAKEET_IDLE_SECONDS") or 300),
            retry_seconds=tuple(
                float(each) for each in (variables.get("PARAKEET_RETRY_SECONDS") or "1,2").split(",")
            ),
        )


class Machine:
    """The embedded AWS's address, who may do what in it, a folder, and the process that cleans up."""

    def __init__(
        self,
        endpoint: str,
        folder: Path,
        settings: Settings,
        sink: Callable[[str], None],
        authorization: Authorization,
    ) -> None:
        self.endpoint = endpoint
        self.authorization = authorization
        self.folder = folder
        self.settings = settings
        self.sink = sink
        self.runtime = folder / "runtime"
        self.runtime.mkdir()
        link_runtime(self.runtime)
        self.unpacked = Unpacked(folder / "unpacked")
        (folder / "unpacked").mkdir()
        # It holds this process's stdout: when that ends, everything is cleaned up.
        self._watch = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_WATCH), str(folder)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._watch.stdin is not None
        self.watch_pipe = self._watch.stdin.fileno()

    def forget(self, process: int) -> None:
        """The process has ended, and its id may become another's."""
        os.write(self.watch_pipe, b"-%d\n" % process)
