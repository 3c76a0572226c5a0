"""Errors that are for a person."""

import os
import select
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

    It is `failed` where a OneLineError was raised, which is printed; as a shell has it, 130 after Ctrl-C, and
    141 where nobody reads on, as `head` that has read enough.
    """

    def of(main: Callable[P, int]) -> Callable[P, int]:
        @wraps(main)
        def told(*arguments: P.args, **more: P.kwargs) -> int:
            try:
                code = main(*arguments, **more)
                sys.stdout.flush()
            except OneLineError as error:
                print(error, file=sys.stderr)
                return failed
            except KeyboardInterrupt:
                return 128 + signal.SIGINT
            except BrokenPipeError:
                if not _nobody_reads():
                    raise
                return 128 + signal.SIGPIPE
            return code

        return told

    return of


def _nobody_reads() -> bool:
    """Whether it was this program's own output that broke, which is given up then."""
    output = select.poll()
    output.register(sys.stdout, 0)
    if not output.poll(0):
        return False
    # Python would try once more at its end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True
