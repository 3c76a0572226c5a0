"""This project with other names in `bindings/`, and nothing else changed."""

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from config.errors import OneLineError
from deployment.python_environment import python_environment
from deployment.synthesis import PROJECT
from portability.library import Library

CACHE = Path(sys.prefix, "portability")
"""The libraries' environments. `make clean` removes them."""


class PortabilityError(OneLineError):
    """The project cannot be tried with a library; the text says why."""


def python_of(library: Library) -> str:
    """The library's own Python: the first time, or after its lock file has changed, half a minute."""
    return str(python_environment(CACHE / library.name, library.lock))


def ported(folder: Path, renamed: Mapping[str, str]) -> Path:
    """The project in `folder`: links to ours, but for `bindings/` with these names in it.

    Raises PortabilityError if one of them is not there.
    """
    folder.mkdir(parents=True)
    for entry in PROJECT.iterdir():
        if not entry.name.startswith((".", "__")) and entry.name not in {"bindings", "main.py", "cdktf.out"}:
            (folder / entry.name).symlink_to(entry)
    # Python looks for modules where a program's file really is.
    shutil.copy(PROJECT / "main.py", folder)
    shutil.copytree(PROJECT / "bindings", folder / "bindings", ignore=shutil.ignore_patterns("__pycache__"))
    found: set[str] = set()
    if renamed:
        name = re.compile(rf"\b({'|'.join(map(re.escape, renamed))})\b")
        for file in sorted((folder / "bindings").iterdir()):
            text = file.read_text(encoding="utf-8")
            found.update(name.findall(text))
            file.write_text(name.sub(lambda match: renamed[match[1]], text), encoding="utf-8")
    if found != set(renamed):
        raise PortabilityError(f"bindings/ does not name {', '.join(sorted(set(renamed) - found))}")
    return folder


def run(python: str, project: Path, *arguments: str) -> str:
    """What a Python program says that runs in a project with a library's Python. Raises PortabilityError."""
    done = subprocess.run(
        [python, *arguments], cwd=project, capture_output=True, text=True, check=False, timeout=300
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["it does not say why"]
        raise PortabilityError(f"{' '.join(arguments[:1])}: {lines[-1]}")
    return done.stdout
