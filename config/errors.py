"""Errors that are for a person."""

import signal
import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

P = ParamSpec("P")


class OneLineError(Exception):
    """What is wrong and what to do, in a line, or a line a fault. Programs print it and no traceback."""


def in_one_line(failed: int = 1) -> Callable[[Callable[P, int]], Callable[P, int]]:
    """A program's `main`, for a person: its exit code, and no traceback.

    It is `failed` where a OneLineError was raised, which is printed; 130, as a shell has it, after Ctrl-C.
    """

    def of(main: Callable[P, int]) -> Callable[P, int]:
        @wraps(main)
        def told(*arguments: P.args, **more: P.kwargs) -> int:
            try:
                return main(*arguments, **more)
            except OneLineError as error:
                print(error, file=sys.stderr)
                return failed
            except KeyboardInterrupt:
                return 128 + signal.SIGINT

        return told

    return of
