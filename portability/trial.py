"""What came of synthesizing with another library."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from deployment.synthesis import synthesize
from portability import arguments
from portability.differences import Difference, addresses, differences, unexplained
from portability.library import Library
from portability.project import ported, python_of, run


@dataclass(frozen=True)
class Trial:
    """A library's output beside ours."""

    library: Library
    found: Sequence[Difference]
    complaints: Sequence[str]
    """Of the bindings, that they do not know what they find."""
    before: frozenset[str]
    """Addresses that ours gives."""
    after: frozenset[str]
    classes: int
    """Of the provider, which are in use."""
    new: Counter[str]
    """Arguments and attributes of those, and in how many."""
    lost: Sequence[str]

    def wrong(self) -> Iterator[str]:
        """What is not as it is stated, a line each."""
        yield from self.complaints
        yield from unexplained(self.found, self.library.stated)
        yield from (f"not at the same address: {address}" for address in sorted(self.before ^ self.after))
        yield from self.lost
        yield from (f"no longer new: {name}" for name in self.library.arguments if name not in self.new)


def trials(libraries: Sequence[Library], folder: Path) -> Iterator[Trial]:
    """Of each; what is synthesized is below `folder`. Raises OneLineError."""
    with ThreadPoolExecutor(2) as meanwhile:
        ours = meanwhile.submit(_synthesized, ported(folder / "ours", {}), sys.executable)
        theirs = [meanwhile.submit(_with_library, library, folder / library.name) for library in libraries]
        before = ours.result()
        for library, result in zip(libraries, theirs, strict=True):
            after = result.result()
            new, lost = arguments.changed(before.interface, after.interface)
            yield Trial(
                library,
                list(differences(before.outdir, after.outdir)),
                after.complaints,
                addresses(before.outdir),
                addresses(after.outdir),
                len(before.interface),
                new,
                lost,
            )


@dataclass(frozen=True)
class _Synthesized:
    outdir: Path
    complaints: Sequence[str]
    interface: arguments.Interface


def _with_library(library: Library, folder: Path) -> _Synthesized:
    return _synthesized(ported(folder, library.renamed), python_of(library))


def _synthesized(project: Path, python: str) -> _Synthesized:
    outdir = project / "cdktf.out"
    said = synthesize(outdir, project, python).splitlines()
    return _Synthesized(
        outdir,
        [line for line in said if line.startswith("bindings:")],
        arguments.parse(run(python, project, "-m", arguments.__name__)),
    )
