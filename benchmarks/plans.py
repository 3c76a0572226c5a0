"""`cdktf diff` and `make plan` side by side, of a stack that is deployed and has nothing to change.

Both synthesize, initialize and plan in the same folder, against an embedded AWS and its S3 state. `make plan`
leaves out what only cdktf does.
"""

import argparse
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.deployed import deployed
from deployment.command import Command
from local.platform import LocalPlatform

ROOT = Path(__file__).resolve().parents[1]
LONGEST_SECONDS = 300


@dataclass(frozen=True)
class Run:
    """A whole command: seconds on the clock, and of the processor for all of its processes."""

    wall: float
    cpu: float


def main(arguments: Sequence[str] | None = None, platform: LocalPlatform | None = None) -> None:
    """Print times and ratios. Deploys if no deployed platform is given. Raises OneLineError."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks --only plans", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each, alternating (default: 3)")
    rounds = max(1, parser.parse_args(arguments).rounds)
    with deployed(already=platform) as made:
        measure(made, rounds)


def measure(platform: LocalPlatform, rounds: int) -> None:
    """Print times and ratios of that platform's plans. Exits with a line if one finds something to change."""
    folder = platform.workspace.folder
    commands = {
        "cdktf diff": [sys.executable, "-P", "-m", "deployment.cdktf", "diff", platform.stack],
        "make plan": [
            *(sys.executable, "-P", "-m", "deployment.plan"),
            *("--environment", platform.environment.name, "--folder", str(folder)),
        ],
    }
    variables = platform.workspace.variables | {"PYTHONPATH": str(ROOT)}
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    # The first is for the file system's cache.
    for number in range(rounds + 1):
        for name, command in commands.items():
            log = folder / "logs" / f"benchmark {name}.log"
            started = Command(name, command, folder=folder, variables=variables, log=log)
            before, start = _children(), time.perf_counter()
            started.finish(LONGEST_SECONDS)
            run = Run(time.perf_counter() - start, _children() - before)
            if "No changes." not in started.output:
                sys.exit(f"{name} of {platform.stack}, just deployed, finds changes:\n{started.output}")
            if number:
                runs[name].append(run)
    print(f"\n{'plan':12}{'median time':>14}{'processor':>14}")
    wall = {name: median(run.wall for run in each) for name, each in runs.items()}
    cpu = {name: median(run.cpu for run in each) for name, each in runs.items()}
    for name in commands:
        print(f"{name:12}{wall[name]:>12.2f} s{cpu[name]:>12.2f} s")
    slow, fast = commands
    print(f"{'ratio':12}{wall[slow] / wall[fast]:>13.1f}x{cpu[slow] / cpu[fast]:>13.1f}x")


def _children() -> float:
    """Processor time of this process's children that have ended, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
