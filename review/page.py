"""The page: Markdown for a pull request's comment, or its data as JSON."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby

from config.names import STACKS
from review.finding import TITLES, Folded, Part

LIMIT = 65_536
"""Characters of a comment on GitHub."""

ABOVE = 1_600
"""Of which so many are left to who writes the comment (`review.comment`)."""

MARKER = "<!-- parakeet-review -->"
"""By which a pull request's comment is found again."""

_LONGEST = 2_000
"""Characters of a row's text, so that one alone does not take the room of all."""
_CODE_OR_TAG = re.compile(r"(`[^`]*`)|<")
# For the note that says what is cut.
_RESERVE = 100


def markdown(findings: Sequence[Folded], base: str, limit: int = LIMIT - ABOVE) -> str:
    """The page, below the limit; the least dangerous is cut first, and the cut is said."""
    heading = f"{MARKER}\n# Review against `{base}`\n"
    if not findings:
        return f"{heading}\nNo change.\n"
    parts = [(part, list(found)) for part, found in groupby(findings, key=lambda finding: finding.part)]
    counts = ", ".join(f"{TITLES[part].lower()} {len(found)}" for part, found in parts)
    text = f"{heading}\n{counts[0].upper()}{counts[1:]}.\n"
    room = limit - len(text) - _RESERVE
    sections: dict[Part, str] = {}
    missing = 0
    # Nobody else says what could not be analysed: it has its room first, of at most half of the page.
    for part, found in sorted(parts, key=lambda one: one[0] is not Part.UNKNOWN):
        sections[part], cut = _section(part, found, room // 2 if part is Part.UNKNOWN else room)
        missing += cut
        room = 0 if cut and part is not Part.UNKNOWN else room - len(sections[part])
    text += "".join(sections[part] for part, _ in parts)
    if missing:
        text += f"\n**Cut**: {missing} lines are not here; `make review FORMAT=json` prints all.\n"
    return text


def as_json(findings: Sequence[Folded], base: str) -> str:
    """All findings, uncut."""
    return json.dumps(
        {"base": base, "findings": [asdict(finding) for finding in findings]}, indent=2, ensure_ascii=False
    )


def _section(part: Part, found: Sequence[Folded], room: int) -> tuple[str, int]:
    """The part, as long as there is room, and how many lines it lacks."""
    before, rows, after = _table(part, found)
    section = before
    for number, row in enumerate(rows):
        if len(section) + len(row) + len(after) > room:
            return section + after if number else "", len(rows) - number
        section += row
    return section + after, 0


def _table(part: Part, found: Sequence[Folded]) -> tuple[str, list[str], str]:
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
    line = " ".join(text.split())
    if len(line) > _LONGEST:
        # Within code, the mark that begins it has to be ended.
        open_code = "`" if line[:_LONGEST].count("`") % 2 else ""
        line = f"{line[:_LONGEST]}{open_code}… (**cut**, {len(line) - _LONGEST:,} characters more)"
    # Nothing is hidden: no HTML but in code, where it is text, and no letter that turns others round.
    line = _CODE_OR_TAG.sub(lambda found: found[1] or "&lt;", line)
    if not line.isprintable():
        line = "".join(one if one.isprintable() else f"U+{ord(one):04X}" for one in line)
    return line.replace("|", "\\|")


def failing(findings: Sequence[Folded], parts: Sequence[Part]) -> list[Part]:
    """Those of the parts that are not empty."""
    there = {finding.part for finding in findings}
    return [part for part in parts if part in there]
