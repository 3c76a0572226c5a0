"""Synthesis with fast and with plain bindings side by side: time, memory, and that both write the same."""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

ROOT = Path(__file__).resolve().parents[1]
KINDS = ("plain", "fast")
SAMPLING_SECONDS = 0.05

Output = dict[str, str]
"""Relative path of each synthesized file, and the digest of its bytes."""


@dataclass(frozen=True)
class Run:
    """A whole process. `memory`: peak of the resident memory of Python and Node together, in bytes."""

    seconds: float
    memory: int
    output: Output


def synthesize(program: Path, kind: str, scratch: Path) -> Run:
    """Run the program once, as a user would. Exits with what it printed if it fails."""
    # The same folder for every run, in case its name is part of what is synthesized.
    outdir = scratch / "cdktf.out"
    shutil.rmtree(outdir, ignore_errors=True)
    # Python's bytecode is kept, whatever this runs in, or plain imports would compile 2,100 files each time.
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    variables |= {"CDKTF_OUTDIR": str(outdir), "PARAKEET_PLAIN_BINDINGS": str(int(kind == "plain"))}
    with (scratch / "printed").open("w+") as printed:
        start = time.perf_counter()
        process = psutil.Popen(
            [sys.executable, program], cwd=ROOT, env=variables, stdout=printed, stderr=subprocess.STDOUT
        )
        memory = 0
        while process.poll() is None:
            memory = max(memory, _resident_memory(process))
            time.sleep(SAMPLING_SECONDS)
        seconds = time.perf_counter() - start
        if process.returncode != 0:
            printed.seek(0)
            sys.exit(f"{printed.read()}{program.name} with {kind} bindings failed, see above")
    return Run(seconds, memory, output(outdir))


def output(outdir: Path) -> Output:
    """What is in a folder that was synthesized into."""
    files = (path for path in outdir.rglob("*") if path.is_file())
    return {str(path.relative_to(outdir)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def differences(one: Output, other: Output) -> list[str]:
    """Paths that are in one output only, or not byte for byte the same in both."""
    return sorted(path for path in one.keys() | other.keys() if one.get(path) != other.get(path))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print times, memory and ratios. Exits with a line if fast and plain synthesize anything different."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="runs of each kind, alternating (default: 5)")
    parser.add_argument("--program", type=Path, default=ROOT / "main.py", help="default: main.py, all stacks")
    options = parser.parse_args(arguments)
    rounds, program = max(1, options.rounds), options.program.resolve()

    runs: dict[str, list[Run]] = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory() as scratch:
        print("Warming up Python's bytecode and jsii's package cache (the first time: a minute)", flush=True)
        expected = {kind: synthesize(program, kind, Path(scratch)) for kind in KINDS}["plain"].output
        if not expected:
            sys.exit(f"{program.name} synthesized nothing into CDKTF_OUTDIR")
        for number in range(1, rounds + 1):
            for kind in KINDS:
                run = synthesize(program, kind, Path(scratch))
                if different := differences(expected, run.output):
                    sys.exit(f"Outputs differ between plain and {kind} bindings: {', '.join(different)}")
                runs[kind].append(run)
            times = ", ".join(f"{kind} {runs[kind][-1].seconds:.2f} s" for kind in KINDS)
            print(f"Round {number} of {rounds}: {times}", flush=True)

    seconds = {kind: median(run.seconds for run in runs[kind]) for kind in KINDS}
    memory = {kind: max(run.memory for run in runs[kind]) for kind in KINDS}
    print(f"\n{'bindings':10}{'median time':>14}{'peak memory':>14}")
    for kind in KINDS:
        print(f"{kind:10}{seconds[kind]:>12.2f} s{memory[kind] / 1e6:>11.0f} MB")
    print(f"{'ratio':10}{_ratio(seconds):>13.1f}x{_ratio(memory):>13.1f}x")
    print(f"\nOutputs are the same, byte for byte, in all {2 * rounds} runs: {len(expected)} files.")


def _resident_memory(process: psutil.Process) -> int:
    total = 0
    try:
        for member in [process, *process.children(recursive=True)]:
            total += member.memory_info().rss
    except psutil.NoSuchProcess:
        # It ended while it was being looked at.
        return 0
    return total


def _ratio(values: dict[str, float] | dict[str, int]) -> float:
    return values["plain"] / values["fast"]
