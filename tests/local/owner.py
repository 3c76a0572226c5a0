"""A process of its own that enters a context and is killed in it."""

import subprocess
import sys
from pathlib import Path

import psutil

from deployment.command import still_running

_PROJECT = Path(__file__).parents[2]


def left_when_killed(module: str, context: str, pid: str, folder: Path) -> list[psutil.Process]:
    """What still runs of the process `pid` and its children after whoever entered `context` was killed.

    `context` and `pid` are expressions; the one knows `folder`, the other `it`, which was entered.
    """
    script = (
        "import pathlib, sys, time\n"
        f"from {module} import *\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        f"with {context} as it:\n"
        f"    print({pid}, flush=True)\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", script, str(folder)]
    with subprocess.Popen(command, cwd=_PROJECT, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        process = psutil.Process(int(owner.stdout.readline()))
        started = [process, *process.children(recursive=True)]
        owner.kill()
    return still_running(started, 20)
