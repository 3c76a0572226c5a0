"""Lambda's own lines in a function's log, and its words for what a function does not survive."""

import json
import math
import platform
import signal
import time

from local.aws.functions.deployed import Configuration
from local.aws.functions.invocation import MAXIMUM_RESPONSE_BYTES


class Billed:
    """The time of one invocation, from when the environment is ready for it."""

    def __init__(self, configuration: Configuration, request_id: str) -> None:
        self.request_id = request_id
        self.timeout_seconds = configuration.timeout_seconds
        self.peak_mb = 0
        self._version = configuration.version
        self._memory_mb = configuration.memory_mb
        self._init_ms: float | None = None
        self._started = time.monotonic()

    def initialized(self) -> None:
        """The environment is new, and has taken until now."""
        self._init_ms = (time.monotonic() - self._started) * 1000

    def begin(self) -> None:
        """The environment is ready now."""
        self._started = time.monotonic()

    def start(self) -> str:
        """The line before the function's own."""
        return f"START RequestId: {self.request_id} Version: {self._version}\n"

    def end(self) -> str:
        """The line after the function's own."""
        return f"END RequestId: {self.request_id}\n"

    def report(self, status: str, error: str) -> str:
        """The last line; `status` is said where it is not success."""
        duration = (time.monotonic() - self._started) * 1000
        parts = [
            f"REPORT RequestId: {self.request_id}",
            f"Duration: {duration:.2f} ms",
            f"Billed Duration: {math.ceil(duration + (self._init_ms or 0))} ms",
            f"Memory Size: {self._memory_mb} MB",
            f"Max Memory Used: {min(self.peak_mb, self._memory_mb)} MB",
        ]
        if self._init_ms is not None:
            parts.append(f"Init Duration: {self._init_ms:.2f} ms")
        if status:
            parts.append(f"Status: {status}")
        if error:
            parts.append(f"Error Type: {error}")
        return "\t".join(parts) + "\t\n"


def init_start() -> str:
    """The first line of an execution environment. Its Python is this machine's, without an ARN of AWS's."""
    return f"INIT_START Runtime Version: python:{platform.python_version()} (this machine's)\n"


def init_timed_out(seconds: float) -> str:
    """The line for an initialization that took too long, and is tried once more."""
    return f"INIT_REPORT Init Duration: {seconds * 1000:.2f} ms\tPhase: init\tStatus: timeout\n"


def timed_out(billed: Billed) -> tuple[str, bytes]:
    """The log's line and the answer when the function's time is up."""
    said = f"Task timed out after {billed.timeout_seconds:.2f} seconds"
    now = time.time()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}Z"
    answer = _error("Sandbox.Timedout", f"RequestId: {billed.request_id} Error: {said}")
    return f"{stamp} {billed.request_id} {said}\n\n", answer


def ended(billed: Billed, exit_code: int) -> tuple[str, bytes]:
    """The log's line and the answer when the process ended without one."""
    if exit_code < 0:
        how = (
            f"Runtime exited with error: signal: {(signal.strsignal(-exit_code) or str(-exit_code)).lower()}"
        )
    elif exit_code:
        how = f"Runtime exited with error: exit status {exit_code}"
    else:
        how = "Runtime exited without providing a reason"
    said = f"RequestId: {billed.request_id} Error: {how}"
    return f"{said}\nRuntime.ExitError\n", _error("Runtime.ExitError", said)


def too_large() -> bytes:
    """The answer for an answer of the function that is too large."""
    return _error(
        "Function.ResponseSizeTooLarge",
        f"Response payload size exceeded maximum allowed payload size ({MAXIMUM_RESPONSE_BYTES} bytes).",
    )


def _error(code: str, message: str) -> bytes:
    return json.dumps({"errorType": code, "errorMessage": message}).encode()
