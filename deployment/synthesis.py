"""Synthesis as a program: into a folder of one's own, whatever the shell says of a deployment elsewhere."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from config.errors import OneLineError

PROJECT = Path(__file__).parents[1]
_TRACEBACK = "Traceback (most recent call last)"
# About where a deployment goes, and not about what it is.
_NOT_OURS = ("AWS_ENDPOINT_URL", "CDKTF_OUTDIR", "CDKTF_CONTEXT_JSON")


class SynthesisError(OneLineError):
    """The stacks cannot be synthesized; the text says why."""


def synthesize(
    outdir: Path,
    root: Path = PROJECT,
    python: str = sys.executable,
    *,
    program: Sequence[str] = ("main.py",),
    as_deployed: bool = False,
) -> str:
    """Write all stacks of the project in `root` below `outdir`, as cdktf lays them out; what it complains of.

    No folder of this machine stands in them. `program` is what writes them, as Python is told it.
    `as_deployed`: for where the shell says that a deployment goes. Raises SynthesisError.
    """
    variables = {
        name: value
        for name, value in os.environ.items()
        if as_deployed or (name not in _NOT_OURS and not name.startswith("PARAKEET_"))
    }
    done = subprocess.run(
        [python, *program],
        cwd=root,
        env=variables | {"CDKTF_OUTDIR": str(outdir)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip() or "it does not say why"
        # What is for a person is said whole: a line a fault.
        raise SynthesisError(f"synthesis failed: {said.splitlines()[-1] if _TRACEBACK in said else said}")
    # The path of a local state.
    for file in outdir.glob("stacks/*/cdk.tf.json"):
        file.write_text(file.read_text(encoding="utf-8").replace(str(root), "."), encoding="utf-8")
    return done.stderr
