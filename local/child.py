"""A server of this project as a child process, that lives as long as its stdin is open."""

import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from config.errors import OneLineError

_PROJECT = Path(__file__).parents[1]
_STOP_SECONDS = 10


class ChildError(OneLineError):
    """It did not start, or did not do as it was told; the text is one line that says why."""


class Child:
    """`python -m <module>`, from entering to leaving the context, and no longer than this process.

    `said` is its first line, its port; complaints are in `log`. Entering raises ChildError if it does not
    start.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        *,
        what: str,
        log: Path,
        variables: Mapping[str, str],
        seconds: float = 60,
    ) -> None:
        """`what` it is called in messages, `seconds` it is waited for."""
        self._command = [sys.executable, "-P", "-m", module, *arguments]
        self._what = what
        self._log = log
        self._variables = {**variables, "PYTHONPATH": str(_PROJECT)}
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self.said = ""

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._variables,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                # A terminal's Ctrl-C does not reach it: it is stopped after those that use it.
                start_new_session=True,
            )
        try:
            self.said = self._line()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def endpoint(self) -> str:
        """Where it answers, once it is entered."""
        return f"http://127.0.0.1:{self.said}"

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None
        return self._process.pid

    def ask(self, request: str) -> str:
        """Send the process a line; the line that it answers. Raises ChildError."""
        process = self._process
        if process is None or process.poll() is not None:
            raise self._failed("has ended")
        assert process.stdin is not None
        try:
            process.stdin.write(f"{request}\n".encode())
            process.stdin.flush()
        except BrokenPipeError:
            raise self._failed("has ended") from None
        return self._line()

    def stop(self) -> None:
        """End the process by closing its stdin. Does nothing the second time."""
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
            process.wait()
        # It ends when the processes that it started have, too.
        while select.select([process.stdout], [], [], _STOP_SECONDS)[0] and process.stdout.read(1):
            pass
        process.stdout.close()

    def _line(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], self._seconds)
        line = self._process.stdout.readline() if ready else b""
        if line:
            return line.decode().strip()
        raise self._failed("ended" if ready else f"did not answer within {self._seconds:.0f} s")

    def _failed(self, how: str) -> ChildError:
        said = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return ChildError(f"{self._what} {how}: {said[-1] if said else 'it says nothing'}")
