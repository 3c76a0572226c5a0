"""What this code gives under other construct libraries, which is what is stated (`make exit-check`)."""

import argparse
import sys
import tempfile
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from config.errors import OneLineError
from portability.library import Stated
from portability.stated import LIBRARIES
from portability.trial import Trial, trials


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 if something is not as stated, 2 if that cannot be found out."""
    argparse.ArgumentParser(prog="python -m portability", description=__doc__).parse_args(arguments)
    wrong = []
    try:
        with tempfile.TemporaryDirectory(prefix="parakeet-portability-") as folder:
            for trial in trials(LIBRARIES, Path(folder)):
                print("\n".join(report(trial)), end="\n\n", flush=True)
                wrong += [f"{trial.library.name}: {line}" for line in trial.wrong()]
    except OneLineError as error:
        print(error, file=sys.stderr)
        return 2
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


def report(trial: Trial) -> Iterator[str]:
    """A trial, in lines."""
    yield trial.library.title
    if trial.before == trial.after:
        yield f"  {len(trial.after)} resources, data sources and outputs, each at its address"
    times: Counter[Stated] = Counter()
    for one in trial.found:
        times.update(stated for stated in trial.library.stated if one.is_stated(stated))
    yield f"  {len(trial.found)} values differ, {times.total()} of them as stated:"
    for stated, number in times.items():
        yield f"    {number} x {stated.path}: {stated.before} → {stated.after}"
        yield from _because(stated.reason)
    yield f"  in the {trial.classes} classes of the provider that are in use, {len(trial.new)} arguments and"
    yield f"  attributes are new, none of which has to be given; {len(trial.lost) or 'none'} are lost"
    for name, reason in trial.library.arguments.items():
        yield f"    {name}, in {trial.new[name]} classes"
        yield from _because(reason)
    yield from _because(
        "optional, and not used: " + ", ".join(sorted(trial.new.keys() - trial.library.arguments.keys())), 4
    )


def _because(text: str, indent: int = 6) -> list[str]:
    margin = " " * indent
    return textwrap.wrap(text, 110, initial_indent=margin, subsequent_indent=margin)


if __name__ == "__main__":
    sys.exit(main())
