"""Checks side by side, each bounded in time: ok, a problem, or nobody could tell."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from threading import Thread

SECONDS = 10.0


class Verdict(StrEnum):
    """How a check came out."""

    OK = "ok"
    PROBLEM = "problem"
    UNKNOWN = "could not tell"


class ProblemError(Exception):
    """A deployment would fail, or not work; the text is a line that says why and what to do."""


class UnknownError(Exception):
    """The check could not find out; the text is a line that says why and what to do."""


@dataclass(frozen=True)
class Check:
    """`ask` says in a line what it found, or raises ProblemError or UnknownError."""

    name: str
    ask: Callable[[], str]


@dataclass(frozen=True)
class Outcome:
    """What came of a check."""

    name: str
    verdict: Verdict
    text: str


def run(checks: Sequence[Check], seconds: float = SECONDS) -> Iterator[Outcome]:
    """Their outcomes, in the order of the checks, which all begin at once."""
    outcomes: dict[int, Outcome] = {}

    def ask(index: int, check: Check) -> None:
        outcomes[index] = _outcome(check)

    # Daemons: what hangs does not keep the program from ending.
    threads = [Thread(target=ask, args=item, daemon=True) for item in enumerate(checks)]
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.start()
    for index, (check, thread) in enumerate(zip(checks, threads, strict=True)):
        thread.join(max(0.0, deadline - time.monotonic()))
        late = Outcome(check.name, Verdict.UNKNOWN, f"no answer within {seconds:.0f} s: try again")
        yield outcomes.get(index, late)


def _outcome(check: Check) -> Outcome:
    try:
        return Outcome(check.name, Verdict.OK, check.ask())
    except ProblemError as problem:
        return Outcome(check.name, Verdict.PROBLEM, str(problem))
    except UnknownError as unknown:
        return Outcome(check.name, Verdict.UNKNOWN, str(unknown))
    except Exception as error:  # noqa: BLE001 - one check's fault must not cost the others
        # Not its text, which may hold what was asked with.
        return Outcome(check.name, Verdict.UNKNOWN, f"the check itself failed ({type(error).__name__})")
