"""A command that runs beside this program: what it says, how it ends, and how it is stopped."""

import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from config.errors import OneLineError
from config.names import STACKS

_ESSENCE_LINES = 20
_KILL_SECONDS = 10
_POLL_SECONDS = 0.05
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_FRAME = re.compile(rf"^({STACKS}[\w-]+)?[\s│╷╵]*", re.MULTILINE)
_PROGRESS = re.compile(r"^\s*([⠀-⣿]|\d+ Stacks? )")


class CommandError(OneLineError):
    """A command ended with an error; the text says which, and the part of its `output` that tells why."""

    def __init__(self, message: str, output: str) -> None:
        super().__init__(message)
        self.output = output


def unwrapped(output: str) -> str:
    """The text on one line, without the stack's name and the frame that cdktf and Terraform put around it."""
    return " ".join(_FRAME.sub("", output).split())


def still_running(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those of the processes that have not ended after that time, or none as soon as all have."""
    deadline = time.monotonic() + seconds
    while (left := [process for process in processes if _runs(process)]) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    return left


def _runs(process: psutil.Process) -> bool:
    # In a container whose first process reaps nobody, what has ended stays there as a zombie.
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


class Command:
    """A started command, in a session of its own: a terminal's Ctrl-C does not reach it, `interrupt` does."""

    def __init__(
        self, name: str, arguments: Sequence[str], *, folder: Path, variables: Mapping[str, str], log: Path
    ) -> None:
        self.name = name
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                arguments,
                cwd=folder,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    @property
    def output(self) -> str:
        """What it has said so far, without colours."""
        return _ANSI.sub("", self._log.read_text(encoding="utf-8", errors="replace"))

    def wait(self, seconds: float) -> int:
        """Its exit code. Raises CommandError if it has not ended in that time."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise self._failed(f"did not end within {seconds:.0f} s") from None

    def finish(self, seconds: float, accepted: Sequence[int] = (0,)) -> int:
        """Its exit code, one of those accepted; it no longer runs then. Raises CommandError."""
        try:
            code = self.wait(seconds)
        finally:
            self.stop()
        if code not in accepted:
            raise self._failed(f"failed (exit code {code})")
        return code

    def interrupt(self) -> None:
        """Ask it to end, as Ctrl-C and CI runners do: Terraform writes its state first."""
        self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """End it and the processes that it started outright."""
        self._end(self._processes())

    def stop(self, seconds: float = 20) -> None:
        """End it and the processes that it started, given that time to do so by themselves."""
        if self.running:
            # Before it ends, since afterwards nobody knows whose the rest is.
            processes = self._processes()
            self.interrupt()
            self._end(still_running(processes, seconds))

    def _processes(self) -> list[psutil.Process]:
        # cdktf gives Terraform a terminal, and so a session, of its own: no process group has them all.
        try:
            root = psutil.Process(self._process.pid)
            return [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def _end(self, processes: Sequence[psutil.Process]) -> None:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        still_running(processes, _KILL_SECONDS)
        self._process.wait(_KILL_SECONDS)

    def _failed(self, how: str) -> CommandError:
        output = self.output
        lines = [line.strip("│╷╵ \t") for line in output.splitlines() if not _PROGRESS.match(line)]
        lines = [line for line in lines if line]
        first = next((index for index, line in enumerate(lines) if "Error: " in line), None)
        essence = lines[-_ESSENCE_LINES:] if first is None else lines[first : first + _ESSENCE_LINES]
        return CommandError("\n    ".join([f"{self.name} {how}:", *essence]), output)
