"""The page: Markdown for a pull request's comment, or its data as JSON."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby

from config.names import STACKS
from review.finding import TITLES, Folded, Part

LIMIT = 65_536
"""Characters of a comment on GitHub."""

MARKER = "<!-- parakeet-review -->"
"""By which a pull request's comment is found again."""

# For what is cut, and the note that says so.
_RESERVE = 400


def markdown(findings: Sequence[Folded], base: str, limit: int = LIMIT) -> str:
    """The page, below the limit; the least dangerous is cut first, and the cut is said."""
    heading = f"{MARKER}\n# Review against `{base}`\n"
    if not findings:
        return f"{heading}\nNo change.\n"
    parts = [(part, list(found)) for part, found in groupby(findings, key=lambda finding: finding.part)]
    counts = ", ".join(f"{TITLES[part].lower()} {len(found)}" for part, found in parts)
    text = f"{heading}\n{counts[0].upper()}{counts[1:]}.\n"
    missing = 0
    for part, found in parts:
        before, rows, after = _section(part, found)
        section = before
        for row in rows:
            if missing or len(text) + len(section) + len(row) + len(after) + _RESERVE > limit:
                missing += 1
            else:
                section += row
        text += section + after if section != before or not missing else ""
    if missing:
        text += f"\n**Cut here**: {missing} more lines; `make review FORMAT=json` prints all.\n"
    return text


def as_json(findings: Sequence[Folded], base: str) -> str:
    """All findings, uncut."""
    return json.dumps(
        {"base": base, "findings": [asdict(finding) for finding in findings]}, indent=2, ensure_ascii=False
    )


def _section(part: Part, found: Sequence[Folded]) -> tuple[str, list[str], str]:
    title = f"\n## {TITLES[part]}\n\n"
    if part is not Part.REST:
        return f"{title}| where | what |\n|---|---|\n", [_row(finding) for finding in found], ""
    rows = list(_grouped(found))
    summary = f"<details><summary>{len(found)} line{'s' if len(found) > 1 else ''}</summary>\n\n"
    return f"{title}{summary}| construct | where | what |\n|---|---|---|\n", rows, "\n</details>\n"


def _row(finding: Folded) -> str:
    return f"| {_where(finding)} | {_cell(finding.text)} |\n"


def _grouped(found: Sequence[Folded]) -> Iterator[str]:
    last = None
    for finding in sorted(found, key=lambda one: one.construct):
        construct = "" if finding.construct == last else _cell(finding.construct)
        last = finding.construct
        yield f"| {construct} | {_where(finding)} | {_cell(finding.text)} |\n"


def _where(finding: Folded) -> str:
    return ", ".join(stack.removeprefix(STACKS) for stack in finding.stacks)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def failing(findings: Sequence[Folded], parts: Sequence[Part]) -> list[Part]:
    """Those of the parts that are not empty."""
    there = {finding.part for finding in findings}
    return [part for part in parts if part in there]
