"""What a program that was run as a person runs it has started."""

from collections.abc import Iterator
from pathlib import Path

import psutil


def processes_with(temporary: Path) -> Iterator[psutil.Process]:
    """Everything that was started with this folder for temporary files, whoever is its parent by now."""
    for process in psutil.process_iter():
        try:
            used = process.environ().get("TMPDIR", "")
        except psutil.Error:
            continue
        if Path(used).is_relative_to(temporary):
            yield process
