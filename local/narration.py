"""What a person is told while something long goes on."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Narration:
    """Says what happens, with the time since the start."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def say(self, text: str) -> None:
        """A line with the time."""
        print(f"[{time.monotonic() - self._start:6.1f} s] {text}", flush=True)

    @contextmanager
    def step(self, doing: str) -> Iterator[None]:
        """A line before, and one after that says how long it took."""
        self.say(f"{doing} ...")
        start = time.monotonic()
        yield
        self.say(f"  done in {time.monotonic() - start:.1f} s")
