"""Locked distributions, installed into a folder: for Lambda, or for the Python that runs this."""

import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from packages import uv
from packages.lambda_runtime import PYTHON_VERSION, WHEELS
from packages.manifest import LayerError


@dataclass(frozen=True)
class Target:
    """What distributions are installed for. `name` is short enough for a folder's name."""

    name: str
    uv_options: tuple[str, ...] = ()


LAMBDA = Target("lambda", ("--python-version", PYTHON_VERSION, "--python-platform", WHEELS))
HOST = Target(f"{sys.implementation.cache_tag}-{sysconfig.get_platform()}")
"""This machine, and the Python that runs this."""


def install(lock: Path, target: Target, folder: Path) -> None:
    """Install what the lock file names.

    Raises LayerError if the lock file is missing, or uv fails: a registry that does not answer, or a
    distribution without a wheel for the target. NoUvError without uv.
    """
    if not lock.is_file():
        raise LayerError(f"{lock} is missing: layers are the groups in pyproject.toml; run `make lock`")
    python = ("--link-mode", "copy", "--python", sys.executable)
    try:
        uv.install(lock, *python, *target.uv_options, "--target", str(folder))
    except uv.UvError as error:
        raise LayerError(
            f"layer {lock.stem} cannot be installed: see whether the package registry answers, or run "
            f"`make lock` if a file is gone from it; {error}"
        ) from None
