"""Values as a page shows them: short, and never a secret."""

import json
import re
from typing import Any

from review.changes import Argument

# Names whose literal value might be a secret; an ARN, an address or a name of one is none.
_SECRET = re.compile(
    r"secret_(string|binary)|pass(w|phrase)|token|credential|(api|access|private|secret)_?key|(?-i:[A-Z0-9]_KEYS?$)",
    re.IGNORECASE,
)
_POINTER = re.compile(r"_(ARN|URL|NAME|ID|VERSION|DAYS|SECONDS)$", re.IGNORECASE)
# A user and a password in an address.
_LOGIN = re.compile(r"://[^/\s:@]+:[^/\s@]+@")
_LONGEST = 120


def shown(value: Any, path: str = "") -> str:
    """The value as code, cut where it is long; `(hidden)` if it might be a secret by its argument's name."""
    if value is None:
        return "nothing"
    if _hidden(path, value):
        return "(hidden)"
    text = value if isinstance(value, str) else json.dumps(_without_secrets(value), ensure_ascii=False)
    text = " ".join(text.split()).replace("`", "'")
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}…"
    return f"`{text}`" if text else '`""`'


def difference(argument: Argument) -> str:
    """`memory_size` 512 → 1024, in Markdown."""
    path = argument.path
    match argument.before, argument.after:
        case list() as old, list() as new if not any(isinstance(one, dict) for one in [*old, *new]):
            gone = [one for one in old if one not in new]
            come = [one for one in new if one not in old]
            if not gone and not come:
                return f"`{path}` in another order: {shown(new, path)}"
            parts = [f"{shown(one, path)} added" for one in come]
            parts += [f"{shown(one, path)} removed" for one in gone]
            return f"`{path}`: {', '.join(parts)}"
    before, after = shown(argument.before, path), shown(argument.after, path)
    if before == after:
        # What differs is hidden or cut off.
        return f"`{path}` changed"
    return f"`{path}` {before} → {after}"


def _hidden(path: str, value: Any) -> bool:
    if isinstance(value, str) and _LOGIN.search(value):
        return True
    last = path.rpartition(".")[2]
    secret = _SECRET.search(last) is not None and not _POINTER.search(last)
    return secret and not isinstance(value, bool | int)


def _without_secrets(value: Any) -> Any:
    match value:
        case dict():
            return {
                key: "(hidden)" if _hidden(str(key), part) else _without_secrets(part)
                for key, part in value.items()
            }
        case list():
            return [_without_secrets(part) for part in value]
    return "(hidden)" if _hidden("", value) else value
