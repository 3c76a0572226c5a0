"""Ends all execution environments when the embedded AWS is gone, however it went, and removes its folder.

Run as `python -I -S watch.py <folder>`. stdin says `+<id>` and `-<id>` of processes, each with a group of
its own, and ends when the embedded AWS does.
"""

import os
import shutil
import signal
import sys
from contextlib import suppress


def main(folder: str) -> None:
    """Read until stdin ends, then clean up."""
    # It has work to do after those who started it were told to end.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        change, group = line[0], int(line[1:])
        (groups.add if change == "+" else groups.discard)(group)
    for group in groups:
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1])
