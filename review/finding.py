"""What a review finds: sentences in parts, and the same sentence of several environments as one."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from config.names import environment_of


class Part(StrEnum):
    """A part of the page, the most dangerous first."""

    DATA = "data"
    PERMISSIONS = "permissions"
    EXPOSURE = "exposure"
    BEHAVIOUR = "behaviour"
    CODE = "code"
    COST = "cost"
    REST = "rest"
    UNKNOWN = "unknown"


TITLES: Mapping[Part, str] = {
    Part.DATA: "Data at risk",
    Part.PERMISSIONS: "Who may do what",
    Part.EXPOSURE: "Exposure",
    Part.BEHAVIOUR: "Behaviour",
    Part.CODE: "Code",
    Part.COST: "Cost",
    Part.REST: "The rest",
    Part.UNKNOWN: "Could not be analysed",
}


_CODE = re.compile(r"`[^`]*`")
# With what a part begins, by the words of its sentences: whatever the stack, the worst is not last.
_FIRST: Mapping[Part, tuple[str, ...]] = {
    Part.DATA: (
        r"\*\*destroy(ed|s)?\*\*",
        r"\*\*destroyed and made anew\*\*|state is elsewhere\*\*|Terraform looks for everything there",
        r" keeps | may lose | are deleted| are kept instead| can be (had back|restored) |no longer versioned",
    ),
    Part.PERMISSIONS: (r"\*\*runs? a program\*\*",),
    Part.EXPOSURE: (r", and is now |, which guards an API|^authorizer ", r"\*\*"),
    Part.COST: (r"\*\*the assumed usage differs\*\*", r"\*\*"),
    Part.BEHAVIOUR: (r"\*\*never runs\*\*",),
    Part.CODE: (r"\*\*migrates the database\*\*",),
}


@dataclass(frozen=True)
class Finding:
    """A sentence of one stack."""

    part: Part
    text: str
    construct: str = ""
    tells: tuple[str, ...] = ()
    """The changes it tells, as `address:argument` or `address:*`; the others are for the last part."""


@dataclass(frozen=True)
class Folded:
    """A sentence of all the stacks that it holds for. `{env}` in it stands for each one's environment."""

    part: Part
    stacks: tuple[str, ...]
    text: str
    construct: str


def fold(findings: Mapping[str, Iterable[Finding]]) -> list[Folded]:
    """Findings by stack, as few sentences, in the order of the parts and of danger."""
    alike: dict[tuple[Part, str, str], list[tuple[str, str]]] = {}
    for stack, found in findings.items():
        environment = environment_of(stack)
        for finding in found:
            key = (finding.part, _without(environment, finding.text), finding.construct)
            same = alike.setdefault(key, [])
            if (stack, finding.text) not in same:
                same.append((stack, finding.text))
    folded = [
        Folded(part, tuple(stack for stack, _ in same), text if len(same) > 1 else same[0][1], construct)
        for (part, text, construct), same in alike.items()
    ]
    return ordered(folded)


def ordered(findings: Iterable[Folded]) -> list[Folded]:
    """The parts in their order, and each from the worst on."""
    order = list(Part)
    return sorted(findings, key=lambda one: (order.index(one.part), _place(one)))


def _place(finding: Folded) -> int:
    first = _FIRST.get(finding.part, ())
    # A value may have the same words.
    said = _CODE.sub("", finding.text)
    return next((place for place, words in enumerate(first) if re.search(words, said)), len(first))


def _without(environment: str, text: str) -> str:
    return re.sub(rf"(?<![A-Za-z0-9]){re.escape(environment)}(?![A-Za-z0-9])", "{env}", text)
