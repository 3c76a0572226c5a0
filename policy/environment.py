"""The tools' own virtual environments: what they depend on would hold back what we depend on."""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from config.errors import OneLineError

LOCKS = Path(__file__).with_name("locks")
HOME = Path(sys.prefix, "policy")
_SECONDS = 600


class ToolError(OneLineError):
    """A tool is missing, or says what is not understood; the text says which, and what to do."""


def python_with(name: str, *, locks: Path = LOCKS, home: Path = HOME) -> Path:
    """The Python of the environment that `<name>.lock` names, made where it is missing or stale.

    Raises ToolError if it cannot be.
    """
    lock = locks / f"{name}.lock"
    if not lock.is_file():
        raise ToolError(f"{lock.name} is missing: run `make lock`")
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    place = home / f"{name}-{digest}"
    python = place / "bin/python"
    home.mkdir(parents=True, exist_ok=True)
    # Two may be started side by side.
    with (home / f"{name}.making").open("w") as making:
        fcntl.flock(making, fcntl.LOCK_EX)
        if not (place / "complete").is_file() or not python.exists():
            for stale in home.glob(f"{name}-*"):
                shutil.rmtree(stale)
            _make(name, lock, place, python)
    return python


def _make(name: str, lock: Path, place: Path, python: Path) -> None:
    uv = str(Path(sys.executable).with_name("uv"))
    _run(name, uv, "venv", "--quiet", "--python", sys.executable, str(place))
    _run(name, uv, "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:",
         "--python", str(python), "--requirements", str(lock))  # fmt: skip
    (place / "complete").touch()


def _run(name: str, *command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except FileNotFoundError:
        raise ToolError(f"{name}: uv installs it, but is not there: run `make setup`") from None
    except subprocess.TimeoutExpired:
        raise ToolError(f"{name}: not installed after {_SECONDS} s: try again later") from None
    if done.returncode:
        # An address may have a password in it, and is the reader's own.
        raise ToolError(
            f"{name} cannot be installed: see whether the package registry answers, or run `make lock` if "
            "something is gone from it"
        )
