"""A function's process with its Runtime API and its output, all served by the thread that uses it."""

import os
import re
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from local.aws.functions.invocation import MAXIMUM_RESPONSE_BYTES
from local.aws.functions.runtime_api import Call, Caller

# How long it may go unnoticed that a process has ended, or needs too much memory.
_LOOK_SECONDS = 0.02
_READ_BYTES = 65536


class ProcessEndedError(Exception):
    """It ended, or was ended for its memory, without an answer."""


class OutOfTimeError(Exception):
    """It did not answer in the time that it had."""


class TooLargeError(Exception):
    """Its answer is larger than Lambda's."""


class RuntimeProcess:
    """A runtime interface client as a process, in a group of its own. It is used by one thread at a time."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        variables: Mapping[str, str],
        inherited: int,
        memory_mb: int,
        write: Callable[[str], None],
    ) -> None:
        """Start it in the folder with these variables and one open file; `write` gets its output by lines."""
        self.peak_mb = 0
        self.out_of_memory = False
        self._memory_mb = memory_mb
        self._write = write
        self._partial = b""
        self._deadline = 0.0
        self._request_id: str | None = None
        self._waiting: Caller | None = None
        self._init_error: bytes | None = None
        self._answer: tuple[bytes, bool] | None = None
        self._too_large = False
        self._callers: set[Caller] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env={**variables, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._listener.getsockname()[1]}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(inherited,),
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._output = self._process.stdout
        os.set_blocking(self._output.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._output, selectors.EVENT_READ, self._read_output)

    @property
    def pid(self) -> int:
        """The process's id, and its group's."""
        return self._process.pid

    @property
    def exit_code(self) -> int:
        """How it ended, as subprocess says it. Only of one that ended."""
        return int(self._process.returncode)

    @property
    def ready(self) -> bool:
        """Whether it waits for an invocation."""
        return self._waiting is not None and self._process.poll() is None

    def initialize(self, seconds: float) -> bytes | None:
        """Wait until the function is loaded; what is answered is the runtime's error if it cannot be.

        Raises OutOfTimeError, ProcessEndedError.
        """
        self._until(lambda: self._waiting is not None or self._init_error is not None, seconds)
        return self._init_error

    def run(
        self, request_id: str, payload: bytes, headers: Mapping[str, str], seconds: float
    ) -> tuple[bytes, bool]:
        """Have it handle one invocation; the answer, and whether the function failed.

        Raises OutOfTimeError, ProcessEndedError, TooLargeError.
        """
        assert self._waiting is not None
        waiting, self._waiting = self._waiting, None
        self._request_id, self._answer, self._too_large = request_id, None, False
        self._signal(signal.SIGCONT)
        # One that is gone is noticed below.
        with suppress(OSError):
            waiting.answer(200, payload, headers)
        try:
            # Done when it asks for the next one: all that the function wrote is there by then.
            self._until(lambda: self._answered and self._waiting is not None, seconds)
        except (OutOfTimeError, ProcessEndedError):
            if not self._answered or self.out_of_memory:
                raise
        if self._too_large:
            raise TooLargeError
        assert self._answer is not None
        return self._answer

    def freeze(self) -> None:
        """Stop all its work until the next invocation."""
        self._signal(signal.SIGSTOP)

    def end(self) -> None:
        """Kill it and all that it started, and hand on what it wrote. Once."""
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._read_output()
        self.flush()
        self._selector.close()
        self._listener.close()
        self._output.close()
        for caller in self._callers:
            caller.close()

    def flush(self) -> None:
        """Hand on a last line without an end."""
        if self._partial:
            self._write(_message(self._partial))
            self._partial = b""

    @property
    def _answered(self) -> bool:
        return self._answer is not None or self._too_large

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _until(self, reached: Callable[[], bool], seconds: float) -> None:
        """Serve the runtime and read its output until `reached`, or raise what keeps it from that."""
        self._deadline = time.monotonic() + seconds
        while not reached():
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise OutOfTimeError
            ready = self._selector.select(min(left, _LOOK_SECONDS))
            for key, _ in ready:
                key.data()
            if not ready:
                self._look_at_memory()
                if self._process.poll() is not None:
                    raise ProcessEndedError
        self._read_output()
        self._look_at_memory()

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        caller = Caller(connection)
        self._callers.add(caller)
        self._selector.register(connection, selectors.EVENT_READ, lambda: self._serve(caller))

    def _serve(self, caller: Caller) -> None:
        call = caller.read(max(0.001, self._deadline - time.monotonic()))
        if call is None:
            self._selector.unregister(caller.connection)
            self._callers.discard(caller)
            caller.close()
            return
        with suppress(OSError):
            self._take(call)

    def _take(self, call: Call) -> None:
        match call.method, call.path.split("/"):
            case "GET", ["invocation", "next"]:
                self._waiting = call.caller
            case "POST", ["invocation", self._request_id, "response"]:
                if len(call.body) > MAXIMUM_RESPONSE_BYTES:
                    self._too_large = True
                    call.caller.refuse(413, "RequestEntityTooLarge", "Exceeded maximum allowed payload size")
                else:
                    self._answer = call.body, False
                    call.caller.accept()
            case "POST", ["invocation", self._request_id, "error"]:
                self._answer = call.body, True
                call.caller.accept()
            case "POST", ["init", "error"]:
                self._init_error = call.body
                call.caller.accept()
            case "POST", ["invocation", _, "response" | "error"]:
                call.caller.refuse(400, "InvalidRequestID", "Invalid request ID")
            case _:
                call.caller.refuse(404, "InvalidPath", "The Runtime API has no such path")

    def _read_output(self) -> None:
        while True:
            try:
                read = os.read(self._output.fileno(), _READ_BYTES)
            except BlockingIOError:
                return
            if not read:
                with suppress(KeyError):
                    self._selector.unregister(self._output)
                return
            *lines, self._partial = (self._partial + read).split(b"\n")
            for line in lines:
                self._write(_message(line))

    def _look_at_memory(self) -> None:
        self.peak_mb = max(self.peak_mb, peak_bytes(self.pid) >> 20)
        if self.peak_mb > self._memory_mb:
            self.out_of_memory = True
            self._signal(signal.SIGKILL)
            self._process.wait()
            raise ProcessEndedError


def _message(line: bytes) -> str:
    # The runtime writes a carriage return within what is one message.
    return line.decode(errors="replace").replace("\r", "\n") + "\n"


def peak_bytes(process: int) -> int:
    """The most that was resident since it started; where /proc does not say it, what is resident now."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        status = ""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    if found:
        return int(found[1]) << 10
    with suppress(psutil.Error):
        return int(psutil.Process(process).memory_info().rss)
    return 0
