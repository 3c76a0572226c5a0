"""What other processes write to files, shown as it comes."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import TextIOWrapper
from pathlib import Path
from threading import Event, Thread

_POLL_SECONDS = 0.1


@contextmanager
def shown(files: Sequence[Path]) -> Iterator[None]:
    """Print what is appended to the files, which need not be there yet, line by line."""
    ended = Event()
    thread = Thread(target=_follow, args=(files, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _follow(files: Sequence[Path], ended: Event) -> None:
    with ExitStack() as opened:
        readers: dict[Path, TextIOWrapper] = {}
        while not ended.is_set():
            for file in files:
                if file not in readers and file.exists():
                    readers[file] = opened.enter_context(file.open(encoding="utf-8", errors="replace"))
                    readers[file].seek(0, 2)
            for reader in readers.values():
                for line in reader:
                    print(line, end="", flush=True)
            time.sleep(_POLL_SECONDS)
