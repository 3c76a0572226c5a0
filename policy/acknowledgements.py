"""What was found and is meant so: `acknowledged.toml`, held to what is found."""

import tomllib
from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StrictStr, ValidationError
from pydantic.dataclasses import dataclass

from config.errors import OneLineError
from policy.finding import Finding

FILE = Path(__file__).with_name("acknowledged.toml")
_ALLOWED = "check and reason, a text each; resources, actions and stacks, lists of texts"
_Text = Annotated[StrictStr, Field(pattern=r"\S")]
_Texts = Annotated[tuple[_Text, ...], Field(min_length=1)]


class AcknowledgementError(OneLineError):
    """The file is wrong; the text says where."""


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Acknowledgement:
    """A check, the resources that fail it (`aws_s3_bucket.*` is all buckets), and why they may."""

    check: _Text
    resources: _Texts
    reason: _Text
    actions: _Texts = ("",)
    stacks: _Texts = ()
    """Without any, every stack that has such a resource."""

    def covers(self, finding: Finding) -> bool:
        """Whether it is about this."""
        return (
            finding.check == self.check
            and finding.action in self.actions
            and (not self.stacks or finding.stack in self.stacks)
            and any(fnmatchcase(finding.resource, resource) for resource in self.resources)
        )

    def stale(self, found: Collection[Finding], planned: Mapping[str, Collection[str]]) -> Iterator[str]:
        """What it acknowledges and is not so, a line each; `planned` are every stack's resources."""
        known = {(one.stack, one.resource, one.action) for one in found if one.check == self.check}
        for stack in self.stacks:
            if stack not in planned:
                yield f"{self.check}: there is no stack {stack}"
        for resource in self.resources:
            concerned = [
                (stack, address)
                for stack in (self.stacks or planned)
                for address in planned.get(stack, ())
                if fnmatchcase(address, resource)
            ]
            if not concerned:
                where = f"{' and '.join(self.stacks)} has no" if self.stacks else "no stack has"
                yield f"{self.check}: {where} {resource}"
            for stack, address in concerned:
                for action in self.actions:
                    if (stack, address, action) not in known:
                        subject = f"{address} ({action})" if action else address
                        yield f"{stack}: {self.check}: {subject} does not fail it"


def read(file: Path = FILE) -> list[Acknowledgement]:
    """Those in the file. Raises AcknowledgementError."""
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise AcknowledgementError(f"{file.name}: {error}") from None
    if set(document) - {"acknowledged"}:
        raise AcknowledgementError(f"{file.name}: allowed: [[acknowledged]] alone")
    return [
        _checked(f"{file.name}: [[acknowledged]] {number}", entry)
        for number, entry in enumerate(document.get("acknowledged", []), start=1)
    ]


def _checked(where: str, entry: Mapping[str, Any]) -> Acknowledgement:
    try:
        return Acknowledgement(**entry)
    except ValidationError as error:
        wrong = dict.fromkeys(str(row["loc"][0]) for row in error.errors())
        faults = [
            f"{key} = {entry[key]!r}: allowed: {_ALLOWED}" if key in entry else f"{key} is missing"
            for key in wrong
        ]
        raise AcknowledgementError(f"{where}: {'; '.join(faults)}") from None


def judged(
    found: Collection[Finding],
    acknowledged: Collection[Acknowledgement],
    planned: Mapping[str, Collection[str]],
) -> list[str]:
    """What fails, a line each: findings that nobody acknowledged, acknowledgements that nothing needs."""
    fresh = [
        f"{one}\n    mend it, or acknowledge it in policy/{FILE.name} with the reason"
        for one in sorted(found)
        if not any(each.covers(one) for each in acknowledged)
    ]
    stale = [
        f"{line}\n    take it out of policy/{FILE.name}"
        for each in acknowledged
        for line in each.stale(found, planned)
    ]
    return fresh + stale
