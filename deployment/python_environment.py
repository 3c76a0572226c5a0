"""A virtual environment with other packages than this one's, for synthesis: made from a lock file by uv."""

import fcntl
import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.errors import OneLineError
from packages.uv import install, uv


class PythonEnvironmentError(OneLineError):
    """It has no lock file to be made from."""


def python_environment(home: Path, lock: Path) -> Path:
    """The Python of the environment in `home`, which has what `lock` names; made anew if that has changed.

    Node and what is kept of packages are ours, and shared. Raises OneLineError.
    """
    python = home / ".venv/bin/python"
    try:
        locked = hashlib.sha256(lock.read_bytes()).hexdigest()
    except FileNotFoundError:
        raise PythonEnvironmentError(f"{lock.name} is missing: run `make lock`") from None
    with _alone(home):
        made_from = home / "made-from"
        if made_from.is_file() and made_from.read_text(encoding="utf-8") == locked:
            return python
        made_from.unlink(missing_ok=True)
        uv("venv", "--quiet", "--clear", "--python", sys.executable, str(home / ".venv"))
        install(lock, "--python", str(python))
        ours = Path(sys.prefix)
        for name, target in (
            ("node_modules", ours.parent / "node_modules"),
            (".venv/bin/node", ours / "bin/node"),
            (".venv/layers", ours / "layers"),
            (".venv/packages-cache", ours / "packages-cache"),
        ):
            (home / name).unlink(missing_ok=True)
            (home / name).symlink_to(target.resolve())
        made_from.write_text(locked, encoding="utf-8")
    return python


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    home.mkdir(parents=True, exist_ok=True)
    with (home / "making").open("w", encoding="utf-8") as making:
        fcntl.flock(making, fcntl.LOCK_EX)
        yield
