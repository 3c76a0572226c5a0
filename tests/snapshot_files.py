"""How snapshots are written: a file for each, named after what it shows.

xdist's own process imports this to report of them, and has to be quick: nothing of the application is here.
"""

import json
import re
from pathlib import Path
from typing import Any

from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from syrupy.location import PyTestLocation
from syrupy.types import SnapshotIndex


class Named(SingleFileSnapshotExtension):
    """A text file with the name that the test gives."""

    _write_mode = WriteMode.TEXT

    @classmethod
    def get_snapshot_name(
        cls,
        *,
        test_location: PyTestLocation,  # noqa: ARG003 - the signature is syrupy's
        index: SnapshotIndex = 0,
    ) -> str:
        return str(index)


class StackFile(Named):
    """`<stack>.json`, so that a pull request shows infrastructure as a readable diff."""

    file_extension = "json"

    def serialize(self, data: Any, **_: Any) -> str:
        return json.dumps(normalised(data), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


class PageFile(Named):
    """`<change>.md`, which GitHub shows as readers see it."""

    file_extension = "md"

    def serialize(self, data: Any, **_: Any) -> str:
        return str(data)


def normalised(value: Any, key: str = "") -> Any:
    """The document without what changes although the infrastructure does not."""
    match value:
        case dict():
            # "//" is cdktf's own note on where in the tree a block comes from; the address says it too.
            return {name: normalised(part, name) for name, part in value.items() if name != "//"}
        case list():
            return [normalised(part, key) for part in value]
        case str():
            return _normalised_text(value, key)
        case _:
            return value


def _normalised_text(text: str, key: str) -> Any:
    if key in ("dashboard_body", "format"):
        return normalised(json.loads(text))
    if key == "source_code_hash":
        return "<hash of the code>"
    # Of what an invocation waits for. An account's id looks like it, and an application's tag like a hash:
    # those two are for a review to see.
    if key == "version" and re.fullmatch("[0-9a-f]{12}", text):
        return "<version of the code>"
    if key == "audience":
        return text
    text = text.replace(str(Path.cwd()), "<project>")
    # Keys and assets: functions/trades/<sha256>.zip, assets/…/<MD5>/trades-<version>.zip
    return re.sub(r"\b[0-9a-f]{64}\b|\b[0-9A-F]{32}\b|(?<=-)[0-9a-f]{12}(?=\.(?:zip|csv))", "<hash>", text)
