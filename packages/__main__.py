"""`make layers`: builds all layers, for Lambda and for this machine, and says what they weigh."""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from config.errors import in_one_line
from packages.layer import LAYERS, built, remove_stale, twin

T = TypeVar("T")
_MIB = 1024 * 1024
# What is built mostly waits for programs, and these mostly have one processor's work.
_AT_ONCE = 2


@in_one_line()
def main() -> int:
    """Build what is missing or stale, remove what is stale, and print a table."""
    with ThreadPoolExecutor(_AT_ONCE) as several:
        layers = [several.submit(_timed, built, name) for name in LAYERS]
        twins = [several.submit(_timed, twin, name) for name in LAYERS]
    print(f"{'layer':<12}{'MiB unzipped':>14}{'MiB zip':>10}{'seconds':>10}  sha256")
    unzipped = zipped = 0
    for name, future in zip(LAYERS, layers, strict=True):
        layer, seconds = future.result()
        unzipped += layer.unzipped_size
        zipped += layer.size
        print(
            f"{name:<12}{layer.unzipped_size / _MIB:>14.1f}{layer.size / _MIB:>10.1f}"
            f"{seconds:>10.1f}  {layer.sha256}"
        )
    print(f"{'all':<12}{unzipped / _MIB:>14.1f}{zipped / _MIB:>10.1f}")
    print(f"twins for this machine: {sum(future.result()[1] for future in twins):.1f} s")
    remove_stale()
    return 0


def _timed(build: Callable[[str], T], name: str) -> tuple[T, float]:
    start = time.monotonic()
    return build(name), time.monotonic() - start


if __name__ == "__main__":
    sys.exit(main())
