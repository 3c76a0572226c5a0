"""uv, which installs what lock files name."""

import re
import subprocess
import sys
from pathlib import Path

from config.errors import OneLineError

_TIMEOUT_SECONDS = 900
_ADDRESS = re.compile(r"\w+://\S+")


class NoUvError(OneLineError):
    """uv is not there."""


class UvError(OneLineError):
    """uv has failed, or takes too long; the text has what it says."""


def uv(*arguments: str) -> None:
    """Run it. Raises NoUvError and UvError."""
    program = Path(sys.executable).with_name("uv")
    try:
        done = subprocess.run(
            [program, *arguments], capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
        )
    except FileNotFoundError:
        raise NoUvError(f"{program} is needed, but is not there: run `make setup`") from None
    except subprocess.TimeoutExpired:
        raise UvError(f"uv {arguments[0]} took more than {_TIMEOUT_SECONDS} s; try again later") from None
    if done.returncode:
        # An address may have a password in it, and is the reader's own.
        said = " ".join(_ADDRESS.sub("(address)", done.stderr).split())[:500]
        raise UvError(f"uv {arguments[0]} failed: {said or 'it does not say why'}")


def install(lock: Path, *options: str) -> None:
    """Install what the lock file names, wheels with the hashes in it alone. Raises NoUvError and UvError."""
    uv(
        *("pip", "install", "--quiet", "--no-progress", "--no-deps", "--require-hashes"),
        *("--only-binary", ":all:", *options, "--requirements", str(lock)),
    )
