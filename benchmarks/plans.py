"""`cdktf diff`, `make plan` and bare `terraform plan` of a stack that is deployed and has nothing to change.

The first two synthesize, initialize and plan in the same folder, against an embedded AWS and its S3 state;
`make plan` leaves out what only cdktf does. The third plans what they have left there.
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
    code = platform.workspace.stack_folder(platform.stack)
    ours = (sys.executable, "-P", "-m")
    there = ("--environment", platform.environment.name, "--folder", str(folder))
    terraform = platform.workspace.variables.get("TERRAFORM_BINARY_NAME", "terraform")
    commands = {
        "cdktf diff": ([*ours, "deployment.cdktf", "diff", platform.stack], folder),
        "make plan": ([*ours, "deployment.plan", *there], folder),
        "terraform plan": ([terraform, "plan", "-input=false"], code),
    }
    variables = platform.workspace.variables | {"PYTHONPATH": str(ROOT)}
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    # The first is for the file system's cache.
    for number in range(rounds + 1):
        for name, (command, place) in commands.items():
            log = folder / "logs" / f"benchmark {name}.log"
            started = Command(name, command, folder=place, variables=variables, log=log)
            before, start = _children(), time.perf_counter()
            started.finish(LONGEST_SECONDS)
            run = Run(time.perf_counter() - start, _children() - before)
            if "No changes." not in started.output:
                sys.exit(f"{name} of {platform.stack}, just deployed, finds changes:\n{started.output}")
            if number:
                runs[name].append(run)
    print(f"\n{'plan':24}{'median time':>14}{'processor':>14}")
    wall = {name: median(run.wall for run in each) for name, each in runs.items()}
    cpu = {name: median(run.cpu for run in each) for name, each in runs.items()}
    for name in commands:
        print(f"{name:24}{wall[name]:>12.2f} s{cpu[name]:>12.2f} s")
    first, *others = commands
    for name in others:
        ratios = f"{wall[first] / wall[name]:>13.1f}x{cpu[first] / cpu[name]:>13.1f}x"
        print(f"{'against ' + name:24}{ratios}")


def _children() -> float:
    """Processor time of this process's children that have ended, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
