"""What this code gives under other construct libraries, which is what is stated (`make exit-check`)."""

import argparse
import sys
import tempfile
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from config.errors import in_one_line
from portability.library import Stated
from portability.stated import LIBRARIES
from portability.trial import Trial, trials


@in_one_line(failed=2)
def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 if something is not as stated, 2 if that cannot be found out."""
    argparse.ArgumentParser(prog="python -m portability", description=__doc__).parse_args(arguments)
    wrong = []
    with tempfile.TemporaryDirectory(prefix="parakeet-portability-") as folder:
        for trial in trials(LIBRARIES, Path(folder)):
            print("\n".join(report(trial)), end="\n\n", flush=True)
            wrong += [f"{trial.library.name}: {line}" for line in trial.wrong()]
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


def report(trial: Trial) -> Iterator[str]:
    """A trial, in lines."""
    library, arguments = trial.library, trial.arguments
    before, after = trial.addresses
    yield library.title
    if before == after:
        yield f"  {len(after)} resources, data sources and outputs, each at its address"
    times: Counter[Stated] = Counter()
    for one in trial.differences:
        times.update(stated for stated in library.stated if one.is_stated(stated))
    yield f"  {len(trial.differences)} values differ, {times.total()} of them as stated"
    for stated, number in times.items():
        yield f"    {number} x {stated.path}: {stated.before} → {stated.after}"
        yield from _because(stated.reason)
    counted = f"{len(arguments.new)} arguments and attributes new, {len(arguments.lost)} lost or needed"
    yield f"  {len(trial.after.interface)} classes of the provider in use: {counted}"
    for name, reason in library.new.items():
        yield f"    {name}, in {arguments.new[name]} of them"
        yield from _because(reason)
    yield "    optional, as all the others:"
    yield from _because(", ".join(sorted(arguments.new.keys() - library.new.keys())))
    yield "  known to be deprecated, and not used here"
    for name, (_, reason) in library.deprecated.items():
        yield f"    {name}"
        yield from _because(reason)


def _because(text: str) -> list[str]:
    return textwrap.wrap(text, 110, initial_indent=" " * 6, subsequent_indent=" " * 6)


if __name__ == "__main__":
    sys.exit(main())
