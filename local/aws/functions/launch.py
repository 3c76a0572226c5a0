"""Starts AWS's runtime interface client with what a function finds on Lambda, and nothing of this environment.

Run as `python -I -S -B launch.py <pipe> <handler> <folder>...`: the pipe leads to watch.py.
"""

import os
import sys


def main(pipe: int, handler: str, *folders: str) -> None:
    """Say that this process is there, then serve invocations until it is killed."""
    os.write(pipe, b"+%d\n" % os.getpid())
    os.close(pipe)
    sys.path[:0] = folders
    from awslambdaric.__main__ import main as serve  # noqa: PLC0415 - found in one of the folders

    serve(["bootstrap", handler])


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
