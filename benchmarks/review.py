"""`make review`, once set up: of a working tree without a difference, and with another number in config.

In a clone: the checkout stays as it is, and what is not committed is not measured.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
LONGEST_SECONDS = {"no difference": 6, "a field of config": 10}
"""What was promised for each."""
NUMBER = re.compile(r'(?<="throttle_rps": )\d+')


def main(arguments: Sequence[str] | None = None) -> None:
    """Print times beside what was promised. Exits with a line if a review fails or says something else."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks --only review", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each (default: 3)")
    rounds = max(1, parser.parse_args(arguments).rounds)
    print(f"{'review':20}{'median time':>14}{'promised':>14}")
    with tempfile.TemporaryDirectory(prefix="parakeet-benchmark-") as name:
        clone = Path(name, "clone")
        subprocess.run(["git", "clone", "--quiet", "--shared", str(ROOT), str(clone)], check=True)
        for what, promised in LONGEST_SECONDS.items():
            if what == "a field of config":
                _change(clone / "config/dev.py")
            # The first is for byte code and the file system's cache.
            times = [_seconds(clone, what) for _ in range(rounds + 1)][1:]
            print(f"{what:20}{median(times):>12.2f} s{promised:>10} s", flush=True)


def _change(file: Path) -> None:
    text, changed = NUMBER.subn(lambda found: str(int(found[0]) + 1), file.read_text(encoding="utf-8"))
    if changed != 1:
        sys.exit(f"{file.name}: {changed} numbers look like {NUMBER.pattern}, and one is to be changed")
    file.write_text(text, encoding="utf-8")


def _seconds(clone: Path, what: str) -> float:
    # As make does, byte code is kept.
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "review", "--base", "HEAD"],
        cwd=clone,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - start
    if done.returncode or ("No change." in done.stdout) != (what == "no difference"):
        sys.exit(f"{what}: not the review that was asked for:\n{done.stdout}{done.stderr}")
    return seconds
