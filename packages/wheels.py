"""Locked distributions, installed into a folder: for Lambda, or for the Python that runs this."""

import re
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from packages.lambda_runtime import PYTHON_VERSION, WHEELS
from packages.manifest import LayerError

_TIMEOUT_SECONDS = 900
_ADDRESS = re.compile(r"\w+://\S+")


@dataclass(frozen=True)
class Target:
    """What distributions are installed for. `name` is short enough for a folder's name."""

    name: str
    uv_options: tuple[str, ...] = ()


LAMBDA = Target("lambda", ("--python-version", PYTHON_VERSION, "--python-platform", WHEELS))
HOST = Target(f"{sys.implementation.cache_tag}-{sysconfig.get_platform()}")
"""This machine, and the Python that runs this."""


def install(lock: Path, target: Target, folder: Path) -> None:
    """Install what the lock file names, wheels with the hashes in it alone.

    Raises LayerError if the lock file or uv is missing, or uv fails: a registry that does not answer, or a
    distribution without a wheel for the target.
    """
    if not lock.is_file():
        raise LayerError(f"{lock} is missing: layers are the groups in pyproject.toml; run `make lock`")
    uv = Path(sys.executable).with_name("uv")
    command = [
        *(str(uv), "pip", "install", "--quiet", "--no-progress", "--no-deps", "--require-hashes"),
        *("--only-binary", ":all:", "--link-mode", "copy", "--python", sys.executable),
        *(*target.uv_options, "--target", str(folder), "--requirements", str(lock)),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False)
    except FileNotFoundError:
        raise LayerError(f"{uv} installs what is in a layer, but is not there: run `make setup`") from None
    except subprocess.TimeoutExpired:
        raise LayerError(
            f"layer {lock.stem}: the package registry took more than {_TIMEOUT_SECONDS} s; try again later"
        ) from None
    if done.returncode:
        # An address may have a password in it, and is the reader's own.
        said = " ".join(_ADDRESS.sub("(address)", done.stderr).split())[:500]
        raise LayerError(
            f"layer {lock.stem} cannot be installed: see whether the package registry answers, or run "
            f"`make lock` if a file is gone from it; uv says: {said}"
        )
