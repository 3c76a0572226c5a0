"""A tool in an environment of its own: what it depends on would hold back what we depend on."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path

from config.errors import OneLineError
from deployment.python_environment import python_environment

LOCKS = Path(__file__).with_name("locks")
_HOME = Path(sys.prefix, "policy")
_SECONDS = 300


class ToolError(OneLineError):
    """A tool failed, or says what is not understood; the text says which, and what to do."""


def ask(
    tool: str,
    arguments: Sequence[str],
    *,
    given: str = "",
    folder: Path | None = None,
    accepted: Collection[int] = (0,),
) -> str:
    """What the Python of the environment that `<tool>.lock` names prints, `given` on its standard input.

    It runs in `folder`, and without a home: no settings of a person's have a say. Raises OneLineError.
    """
    python = python_environment(_HOME / tool, LOCKS / f"{tool}.lock")
    with tempfile.TemporaryDirectory(prefix="parakeet-home-") as home:
        try:
            done = subprocess.run(
                [str(python), "-I", *arguments],
                cwd=folder or home,
                env={"PATH": os.environ.get("PATH", os.defpath), "HOME": home},
                input=given,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ToolError(f"{tool} did not end within {_SECONDS} s: try again") from None
    if done.returncode not in accepted:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}, and no word why"]
        raise ToolError(f"{tool} failed: {said[-1]}")
    return done.stdout
