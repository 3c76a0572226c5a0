"""Each function's package and layers by size, and its cold import: a fresh process with compiled code.

Measured with the layers' twins, which hold the same versions for this machine. CPU time is the one to
compare, the least of all rounds: what else the machine does can only add to it. Python's own start is
not in it, nor is a Runtime API: the local one's process would be most of what is measured.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from local.aws.functions.runtime import link_runtime
from local.aws.functions.unpacked import Unpacked
from packages import layer
from packages.function import FunctionPackage, pack
from packages.lambda_runtime import VARIABLES

ROOT = Path(__file__).resolve().parents[1]
FUNCTIONS = tuple(sorted(handler.parent.name for handler in (ROOT / "functions").glob("*/handler.py")))
TARGETS_MS = {
    "authorizer": 120,
    "trades": 350,
    "data": 380,
    "ingest": 380,
    "strategies": 500,
    "scanner": 500,
}
"""Of CPU time, for a cold import."""
LAYERS_TARGET_MIB = 170

_INSIDE = Path(__file__).with_name("inside.py")
_MIB = 1024 * 1024


@dataclass(frozen=True)
class Here:
    """A function's package on this machine; `folders` are for its sys.path."""

    name: str
    package: FunctionPackage
    package_bytes: int
    folders: tuple[str, ...]

    def run(self, variables: Mapping[str, str], *, event: object = None, requests: int = 0) -> dict[str, Any]:
        """Import the handler in a fresh process with these variables only, and let it answer: `inside`."""
        order = {
            "folders": self.folders,
            "module": f"functions.{self.name}.handler",
            "event": event,
            "requests": requests,
        }
        ended = subprocess.run(
            [sys.executable, "-I", "-S", "-B", _INSIDE],
            env=dict(variables),
            input=json.dumps(order),
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode:
            sys.exit(f"{ended.stderr}functions/{self.name} failed, see above")
        found: dict[str, Any] = json.loads(ended.stdout)
        return found


@contextmanager
def unpacked(names: Sequence[str] = FUNCTIONS) -> Iterator[dict[str, Here]]:
    """The functions by name, unpacked and compiled as for an execution environment."""
    with tempfile.TemporaryDirectory(prefix="parakeet-") as scratch:
        runtime = Path(scratch, "runtime")
        runtime.mkdir()
        link_runtime(runtime)
        cache = Unpacked(Path(scratch, "unpacked"))
        found = {}
        for name in names:
            package = pack(name)
            content = package.archive.write(Path(scratch)).read_bytes()
            layers = [layer.twin(each).path for each in package.layers]
            folders = (cache.folder_of(content), *layers, runtime)
            found[name] = Here(name, package, len(content), tuple(map(str, folders)))
        yield found


def main(arguments: Sequence[str] | None = None) -> None:
    """Print sizes, and cold imports: the least CPU time, the median of the time on the clock."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks --only functions", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="imports of each, alternating (default: 9)")
    rounds = max(1, parser.parse_args(arguments).rounds)

    with unpacked() as functions:
        runs: dict[str, list[dict[str, Any]]] = {name: [] for name in functions}
        # The first is for the file system's cache.
        for number in range(rounds + 1):
            for name, function in functions.items():
                run = function.run({"POWERTOOLS_SERVICE_NAME": name, **VARIABLES})
                if number:
                    runs[name].append(run)
        print(f"{'MiB':12}{'package':>9}{'unzipped':>10}{'+ layers':>10}   layers")
        for name, function in functions.items():
            package, layers = function.package, [layer.built(each) for each in function.package.layers]
            own = package.archive.unzipped_size
            both = own + sum(each.unzipped_size for each in layers)
            sizes = f"{function.package_bytes / _MIB:9.2f}{own / _MIB:10.2f}{both / _MIB:10.2f}"
            print(f"{name:12}{sizes}   {', '.join(package.layers) or '-'}")
        built = [layer.built(each) for each in layer.LAYERS]
        for each in built:
            print(f"layer {each.name:12}: {each.size / _MIB:.1f}, {each.unzipped_size / _MIB:.1f} unzipped")
        together = sum(each.unzipped_size for each in built) / _MIB
        print(f"all layers        : {together:.1f} unzipped   target: < {LAYERS_TARGET_MIB}")
    print(f"\n{'cold import':12}{'CPU':>9}{'wall':>10}")
    for name, times in runs.items():
        cpu, wall = min(run["cpu_ms"] for run in times), median(run["wall_ms"] for run in times)
        target = f"   target: CPU <= {TARGETS_MS[name]} ms" if name in TARGETS_MS else ""
        print(f"{name:12}{cpu:>6.0f} ms{wall:>7.0f} ms{target}")
