"""Starts AWS's runtime interface client with what a function finds on Lambda, and nothing else.

Run as `python -I -S -B launch.py <pipe> <handler> <folder>...`: the pipe leads to watch.py.
"""

import os
import sys


def main(pipe: int, handler: str, *folders: str) -> None:
    """Say that this process is there, then serve invocations until it is killed."""
    os.write(pipe, b"+%d\n" % os.getpid())
    os.close(pipe)
    sys.path[:0] = folders
    from awslambdaric.__main__ import main as serve  # type: ignore[import-untyped]  # noqa: PLC0415 - untyped, and found only now

    serve(["bootstrap", handler])


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
