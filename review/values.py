"""Values as a page shows them: short, and never a secret."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from review.changes import Argument, Change, Comparison
from review.stack import with_attributes, without_attributes

# Names whose literal value might be a secret; an ARN, an address or a name of one is none.
_SECRET = re.compile(
    r"secret|pass(w|phrase)|pwd|token|credential|(api|access|private)_?key|(^|_)(pass|dsn)$|(?-i:[A-Z0-9]_KEYS?$)",
    re.IGNORECASE,
)
_POINTER = re.compile(r"_(ARN|URL|NAME|ID|VERSION|DAYS|SECONDS)$", re.IGNORECASE)
# A user and a password in an address; what would be a host to some programs is shown.
_LOGIN = re.compile(r"(://)[^/\\\s?#]*@|(://[^/\s:@]+:)[^/\s]+@")
_LONGEST = 120


def shown(value: Any, path: str = "", *, whole: bool = False) -> str:
    """The value as code, cut where it is long; `(hidden)` if it might be a secret by its argument's name."""
    if value is None:
        return "nothing"
    if _hidden(path, value):
        return "(hidden)"
    value = _with_texts(value, lambda part: _LOGIN.sub(_without_login, without_attributes(part)))
    text = value if isinstance(value, str) else json.dumps(_without_secrets(value), ensure_ascii=False)
    text = " ".join(text.split()).replace("`", "'")
    if len(text) > _LONGEST and not whole:
        text = f"{text[:_LONGEST]}…"
    return f"`{text}`" if text else '`""`'


def named_as_a_secret(name: str) -> bool:
    """Whether the value of what is called so might be a secret."""
    return _SECRET.search(name) is not None and not _POINTER.search(name)


def difference(argument: Argument, *, whole: bool = False) -> str:
    """`memory_size` 512 → 1024, in Markdown. An attribute is named only if nothing else differs."""
    name = without_attributes(argument.path)
    values = [_with_texts(value, without_attributes) for value in (argument.before, argument.after)]
    if values[0] == values[1]:
        values = [_with_texts(value, with_attributes) for value in (argument.before, argument.after)]
    match values:
        case [list() as old, list() as new] if not any(isinstance(one, dict) for one in [*old, *new]):
            gone = [one for one in old if one not in new]
            come = [one for one in new if one not in old]
            if not gone and not come:
                return f"`{name}` in another order: {shown(new, name, whole=whole)}"
            parts = [f"{shown(one, name, whole=whole)} added" for one in come]
            parts += [f"{shown(one, name, whole=whole)} removed" for one in gone]
            return f"`{name}`: {', '.join(parts)}"
    before, after = (shown(value, name, whole=whole) for value in values)
    if before == after:
        # What differs is hidden or cut off.
        return f"`{name}` changed"
    return f"`{name}` {before} → {after}"


def all_of(comparison: Comparison, change: Change) -> Iterator[tuple[str, str]]:
    """All that there is of what comes or goes, or that changes: by its path."""
    if change.before is None:
        yield "*", f"is new, {shown(comparison.new.canonical(change.after), whole=True)}"
    elif change.after is None:
        yield "*", f"is **gone**, {shown(comparison.old.canonical(change.before), whole=True)}"
    for argument in change.arguments:
        yield argument.path, difference(argument, whole=True)


def _with_texts(value: Any, changed: Callable[[str], str]) -> Any:
    match value:
        case dict():
            return {_with_texts(key, changed): _with_texts(part, changed) for key, part in value.items()}
        case list():
            return [_with_texts(part, changed) for part in value]
        case str():
            return changed(value)
    return value


def _without_login(found: re.Match[str]) -> str:
    return f"{found[1] or found[2]}(hidden)@"


def _hidden(path: str, value: Any) -> bool:
    return named_as_a_secret(path.rpartition(".")[2]) and not isinstance(value, bool | int)


def _without_secrets(value: Any) -> Any:
    match value:
        case dict():
            return {
                key: "(hidden)" if _hidden(str(key), part) else _without_secrets(part)
                for key, part in value.items()
            }
        case list():
            return [_without_secrets(part) for part in value]
    return value
