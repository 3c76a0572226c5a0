"""Synthesis with another library, beside ours."""

import re
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from deployment.synthesis import synthesize
from portability import arguments
from portability.differences import Difference, addresses, differences, unexplained
from portability.library import Library
from portability.project import ported, python_of, run


@dataclass(frozen=True)
class Synthesized:
    """What a project gives, in `outdir`."""

    outdir: Path
    complaints: Sequence[str]
    """Of the bindings, that they do not know what they find."""
    interface: arguments.Interface
    """Of the provider's classes in use."""


@dataclass(frozen=True)
class Trial:
    """A library's output beside ours, as long as both are there."""

    library: Library
    before: Synthesized
    after: Synthesized

    @cached_property
    def differences(self) -> list[Difference]:
        """Of the synthesized files."""
        return list(differences(self.before.outdir, self.after.outdir))

    @cached_property
    def arguments(self) -> arguments.Changed:
        """Of the provider's classes in use."""
        return arguments.changed(self.before.interface, self.after.interface)

    @cached_property
    def addresses(self) -> tuple[frozenset[str], frozenset[str]]:
        """With ours, and with the library."""
        return addresses(self.before.outdir), addresses(self.after.outdir)

    def wrong(self) -> Iterator[str]:
        """What is not as it is stated, a line each."""
        yield from self.after.complaints
        yield from unexplained(self.differences, self.library.stated)
        before, after = self.addresses
        yield from (f"not at the same address: {address}" for address in sorted(before ^ after))
        yield from self.arguments.lost
        yield from (f"no longer new: {name}" for name in self.library.new if name not in self.arguments.new)
        for name, (pattern, _) in self.library.deprecated.items():
            for file in sorted(self.before.outdir.glob("stacks/*/cdk.tf.json")):
                if re.search(pattern, file.read_text(encoding="utf-8")):
                    yield f"deprecated, but used in {file.parent.name}: {name}"


def trials(libraries: Sequence[Library], folder: Path) -> Iterator[Trial]:
    """Of each library; what is synthesized is below `folder`. Raises OneLineError."""
    with ThreadPoolExecutor(2) as meanwhile:
        ours = meanwhile.submit(_synthesized, ported(folder / "ours", {}), sys.executable)
        theirs = [meanwhile.submit(_with_library, library, folder / library.name) for library in libraries]
        for library, synthesized in zip(libraries, theirs, strict=True):
            yield Trial(library, ours.result(), synthesized.result())


def _with_library(library: Library, folder: Path) -> Synthesized:
    return _synthesized(ported(folder, library.renamed), python_of(library))


def _synthesized(project: Path, python: str) -> Synthesized:
    outdir = project / "cdktf.out"
    said = synthesize(outdir, project, python).splitlines()
    return Synthesized(
        outdir,
        [line for line in said if line.startswith("bindings:")],
        arguments.parse(run(python, project, "-m", arguments.__name__)),
    )
