"""Terraform in the foreground: told once that it is to end, and then waited for."""

import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

# Ctrl-C, a cancelled CI job, a closed terminal.
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_to_its_end(command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> int:
    """Its exit code, -N where signal N ended it. It says what it does where this program does.

    Whatever is to end this program asks the command to, by one SIGINT: Terraform finishes what it is doing,
    writes its state and releases the lock. At a second one it drops everything, and subprocess.run() kills it
    a quarter of a second after Ctrl-C. To be called in the main thread.
    """
    asked = 0
    process: subprocess.Popen[bytes] | None = None

    def ask(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked += 1
        if process is not None and asked == 1:
            process.send_signal(signal.SIGINT)

    former = {number: signal.signal(number, ask) for number in _ENDINGS}
    try:
        # In a session of its own, or a terminal's Ctrl-C would reach it, too.
        process = subprocess.Popen(command, cwd=folder, env=variables, start_new_session=True)
        if asked:
            process.send_signal(signal.SIGINT)
        return process.wait()
    finally:
        # Who was told to end may be told again, and is about to: Python, ending, gives up all other handlers.
        for number, handler in former.items():
            signal.signal(number, signal.SIG_IGN if asked else handler)
