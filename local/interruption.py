"""Ctrl-C, and what CI runners and closed terminals send: taken once, and then nothing is left behind."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import psutil

from config.errors import OneLineError
from local.narration import Narration

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """A person or a CI runner wants this to end."""


def run(work: Callable[[Narration], None]) -> int:
    """Do the work. Exit code: 0, 1 where it fails, 128 and the signal's number where it is interrupted."""
    narration = Narration()
    for number in _SIGNALS:
        signal.signal(number, _interrupt)
    try:
        with _no_child_left():
            work(narration)
    except Interrupted as interruption:
        print()  # after the terminal's ^C
        narration.say(
            f"interrupted by {signal.Signals(interruption.args[0]).name}; what was started is stopped"
        )
        return 128 + int(interruption.args[0])
    except OneLineError as failure:
        narration.say(f"failed: {failure}")
        return 1
    return 0


def _interrupt(number: int, _frame: FrameType | None) -> None:
    # A second one would leave behind what is being stopped.
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted(number)


@contextmanager
def _no_child_left() -> Iterator[None]:
    # A signal may come between the start of a process and the note that it has to be stopped.
    try:
        yield
    finally:
        for child in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.kill()
