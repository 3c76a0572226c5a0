"""Values as a page shows them: short, and never a secret."""

import json
import re
from typing import Any

from review.changes import Argument

# Names whose literal value might be a secret; an ARN, an address or a name of one is none.
_SECRET = re.compile(
    r"(secret_(string|binary)|password|passwd|token|credential|private|api_?key|(?<![a-z])keys?(?![a-z]))",
    re.IGNORECASE,
)
_POINTER = re.compile(r"(_ARN|_URL|_NAME|_ID|_VERSION|_DAYS|_SECONDS|_wo_version)$", re.IGNORECASE)
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
    return f"`{text}`" if text else "``"


def difference(argument: Argument) -> str:
    """`memory_size` 512 → 1024, in Markdown."""
    path = argument.path
    match argument.before, argument.after:
        case list() as before, list() as after if not any(isinstance(one, dict) for one in [*before, *after]):
            gone = [one for one in before if one not in after]
            come = [one for one in after if one not in before]
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
    last = path.rpartition(".")[2]
    return (
        not isinstance(value, bool | int) and _SECRET.search(last) is not None and not _POINTER.search(last)
    )


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
