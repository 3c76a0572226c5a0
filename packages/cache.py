"""What was once computed from some bytes, kept on disk."""

import hashlib
import sys
import uuid
from contextlib import suppress
from pathlib import Path

FOLDER = Path(sys.prefix, "packages-cache")
"""In the virtual environment, so that `make clean` removes it and copies of this project share it."""


def key(*parts: str | bytes) -> str:
    """Another one for other parts."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "little") + content)
    return digest.hexdigest()


def get(name: str) -> bytes | None:
    """What `put` has kept under this key; None if nothing."""
    try:
        return (FOLDER / name).read_bytes()
    except FileNotFoundError:
        return None


def put(name: str, content: bytes) -> None:
    """Keep it. Others never see half of it; where nothing can be written, nothing is kept."""
    partial = FOLDER / f".{name}.{uuid.uuid4().hex}"
    with suppress(OSError):
        FOLDER.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_bytes(content)
            partial.replace(FOLDER / name)
        finally:
            partial.unlink(missing_ok=True)
