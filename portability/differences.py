"""How two folders of synthesized code differ: value by value, whatever the layout of the text."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from portability.library import Stated


@dataclass(frozen=True)
class Difference:
    """A value that differs. Before and after are JSON; None where there is none."""

    file: str
    path: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        place = f"{self.file}: {self.path}" if self.path else self.file
        return f"{place}: {_shown(self.before)} → {_shown(self.after)}"

    def is_stated(self, stated: Stated) -> bool:
        """Whether it is this one."""
        return (
            fnmatchcase(self.file, stated.file)
            and self.path == stated.path
            and (self.before, self.after) == (json.dumps(stated.before), json.dumps(stated.after))
        )


def differences(before: Path, after: Path) -> Iterator[Difference]:
    """Of all files below both folders; of a file that is no JSON, its digest."""
    files = sorted({str(file.relative_to(top)) for top in (before, after) for file in _files(top)})
    for file in files:
        one, other = (_content(top / file) for top in (before, after))
        for path, was, is_now in _walk((), one, other):
            yield Difference(file, ".".join(path), was, is_now)


def unexplained(found: Sequence[Difference], stated: Sequence[Stated]) -> list[str]:
    """What has no reason, and which reasons are for nothing: a line each."""
    return [
        *(f"not stated: {one}" for one in found if not any(one.is_stated(known) for known in stated)),
        *(
            f"no longer so: {known.file}: {known.path}: {known.before} → {known.after}"
            for known in stated
            if not any(one.is_stated(known) for one in found)
        ),
    ]


def addresses(outdir: Path) -> frozenset[str]:
    """Of everything that Terraform has in its state or prints, with the stack's name."""
    found = set()
    for file in sorted(outdir.glob("stacks/*/cdk.tf.json")):
        document = json.loads(file.read_text(encoding="utf-8"))
        found |= {f"{file.parent.name}: output.{name}" for name in document.get("output", {})}
        for mode, prefix in (("resource", ""), ("data", "data.")):
            for kind, named in document.get(mode, {}).items():
                found |= {f"{file.parent.name}: {prefix}{kind}.{name}" for name in named}
    return frozenset(found)


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.is_file())


def _content(file: Path) -> Any:
    if not file.is_file():
        return _NOTHING
    content = file.read_bytes()
    return json.loads(content) if file.suffix == ".json" else hashlib.sha256(content).hexdigest()


_NOTHING = object()


def _walk(
    path: tuple[str, ...], before: Any, after: Any
) -> Iterator[tuple[tuple[str, ...], str | None, str | None]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            yield from _walk((*path, key), before.get(key, _NOTHING), after.get(key, _NOTHING))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _walk((*path, str(place)), one, other)
    # `is`: to Python, true is 1.
    elif type(before) is not type(after) or before != after:
        yield path, _text(before), _text(after)


def _text(value: Any) -> str | None:
    return None if value is _NOTHING else json.dumps(value, sort_keys=True)


def _shown(text: str | None) -> str:
    return "nothing" if text is None else text if len(text) <= 200 else f"{text[:200]}…"
