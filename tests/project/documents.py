"""The documents, and the changes that they give as examples."""

import re
from pathlib import Path

from tests.project.source_files import PROJECT

DOCUMENTS = {file.name: file.read_text(encoding="utf-8") for file in sorted((PROJECT / "docs").glob("*.md"))}
"""By name."""


def apply_diff(document: str, diff: str, project: Path) -> None:
    """Change files as that document's diff says, which has names of places where others have line numbers."""
    for name, changes in re.findall(r"^--- (.+)\n((?:(?!--- ).*\n)+)", diff, re.MULTILINE):
        text = (project / name).read_text(encoding="utf-8")
        for hunk in re.split(r"^@@.*\n", changes, flags=re.MULTILINE)[1:]:
            lines = hunk.splitlines(keepends=True)
            before = "".join(line[1:] for line in lines if line[0] in " -")
            after = "".join(line[1:] for line in lines if line[0] in " +")
            assert after not in text, f"docs/{document} adds what {name} has already:\n{after}"
            assert text.count(before) == 1, f"docs/{document} changes {name} where it has not once:\n{before}"
            text = text.replace(before, after)
        (project / name).write_text(text, encoding="utf-8")
