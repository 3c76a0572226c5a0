"""What is stated is what the document about it says."""

import re
from pathlib import Path

import pytest

from portability.library import Library
from portability.stated import LIBRARIES

DOCUMENT = (Path(__file__).parents[2] / "docs/decisions.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.name)
def test_the_document_shows_each_library_and_difference(library: Library) -> None:
    assert f"\n{library.title}\n" in DOCUMENT
    for known in library.stated:
        assert f" x {known.path}: {known.before} → {known.after}\n" in DOCUMENT


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.name)
def test_the_versions_stated_are_those_that_are_locked(library: Library) -> None:
    """Or else the first run after `make lock` says so, in CI."""
    name = library.renamed.get("cdktf", "cdktf")
    locked = re.search(rf"^{name}==(\S+)", library.lock.read_text(encoding="utf-8"), re.MULTILINE)
    assert locked
    assert locked[1] in library.title
    noted = {known.after for known in library.stated if known.path == "//.metadata.version"}
    assert noted <= {locked[1]}
