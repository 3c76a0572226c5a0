"""`make layers`: builds all layers, for Lambda and for this machine, and says what they weigh."""

import sys
import time

from config.errors import OneLineError
from packages.layer import LAYERS, built, remove_stale, twin

_MIB = 1024 * 1024


def main() -> None:
    """Build what is missing or stale, remove what is stale, and print a table."""
    print(f"{'layer':<12}{'MiB unzipped':>14}{'MiB zip':>10}{'seconds':>10}  sha256")
    unzipped = zipped = 0
    for name in LAYERS:
        start = time.monotonic()
        layer = built(name)
        unzipped += layer.unzipped_size
        zipped += layer.size
        print(
            f"{name:<12}{layer.unzipped_size / _MIB:>14.1f}{layer.size / _MIB:>10.1f}"
            f"{time.monotonic() - start:>10.1f}  {layer.sha256}",
            flush=True,
        )
    print(f"{'all':<12}{unzipped / _MIB:>14.1f}{zipped / _MIB:>10.1f}")
    start = time.monotonic()
    for name in LAYERS:
        twin(name)
    print(f"twins for this machine: {time.monotonic() - start:.1f} s")
    remove_stale()


if __name__ == "__main__":
    try:
        main()
    except OneLineError as error:
        sys.exit(str(error))
