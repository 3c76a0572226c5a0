"""Synthesis as a program."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from config.errors import OneLineError

PROJECT = Path(__file__).parents[1]
_TRACEBACK = "Traceback (most recent call last)"
# About where a deployment goes, and not about what it is.
_NOT_OURS = ("AWS_ENDPOINT_URL", "CDKTF_OUTDIR", "CDKTF_CONTEXT_JSON")


class SynthesisError(OneLineError):
    """The stacks cannot be synthesized; the text says why."""


@contextmanager
def synthesis(
    program: Sequence[str], folder: Path, variables: Mapping[str, str]
) -> Iterator[Callable[[], str]]:
    """Synthesis by `program`, started; what is given waits for it, and is what it complains of.

    It is ended with the context. What waits raises SynthesisError.
    """

    def complaint() -> str:
        _, said = process.communicate()
        if not process.returncode:
            return said
        why = said.strip() or "it does not say why"
        # What is for a person is said whole: a line a fault.
        raise SynthesisError(f"synthesis failed: {why.splitlines()[-1] if _TRACEBACK in why else why}")

    with subprocess.Popen(
        program, cwd=folder, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield complaint
        finally:
            process.kill()


def synthesize(
    outdir: Path,
    root: Path = PROJECT,
    python: str = sys.executable,
    *,
    program: Sequence[str] = ("main.py",),
    as_deployed: bool = False,
) -> str:
    """Write all stacks of the project in `root` below `outdir`, as cdktf lays them out; what it complains of.

    The shell says nothing of a deployment elsewhere, and no folder of this machine stands in them. `program`
    is what writes them, as Python is told it. `as_deployed`: for where the shell says that a deployment goes.
    Raises SynthesisError.
    """
    variables = {
        name: value
        for name, value in os.environ.items()
        if as_deployed or (name not in _NOT_OURS and not name.startswith("PARAKEET_"))
    }
    with synthesis([python, *program], root, variables | {"CDKTF_OUTDIR": str(outdir)}) as complaint:
        said = complaint()
    # The path of a local state.
    for file in outdir.glob("stacks/*/cdk.tf.json"):
        file.write_text(file.read_text(encoding="utf-8").replace(str(root), "."), encoding="utf-8")
    return said
