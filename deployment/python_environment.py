"""A virtual environment with other packages than this one's, for synthesis: made from a lock file by uv."""

import fcntl
import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.errors import OneLineError

_ADDRESS = re.compile(r"\w+://\S+")


class PythonEnvironmentError(OneLineError):
    """It cannot be made; the text says why."""


def python_environment(home: Path, lock: Path) -> Path:
    """The Python of the environment in `home`, which has what `lock` names; made anew if that has changed.

    Node and what is kept of packages are ours, and shared. Raises PythonEnvironmentError.
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
        _uv("venv", "--quiet", "--clear", "--python", sys.executable, str(home / ".venv"))
        _uv(
            *("pip", "install", "--quiet", "--no-progress", "--no-deps", "--require-hashes"),
            *("--only-binary", ":all:", "--python", str(python), "--requirement", str(lock)),
        )
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


def _uv(*arguments: str) -> None:
    uv = Path(sys.executable).with_name("uv")
    try:
        done = subprocess.run([uv, *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise PythonEnvironmentError("uv is needed, but it is not installed: run `make setup`") from None
    if done.returncode:
        # An address may have a password in it, and is the reader's own.
        said = " ".join(_ADDRESS.sub("(address)", done.stderr).split())[:500]
        raise PythonEnvironmentError(f"uv {arguments[0]} failed: {said or 'it does not say why'}")
