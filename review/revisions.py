"""Two revisions of the project, synthesized side by side without touching either."""

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.errors import OneLineError
from deployment.python_environment import python_environment
from deployment.synthesis import PROJECT, SynthesisError, synthesize
from review.planner import CACHE
from review.stack import Stack, read_stacks

_LOCK = "requirements.lock"
_USAGE = "config/usage.py"
UNREAD = frozenset(
    {".github", "benchmarks", "cost", "deployment", "docs", "local", "portability", "review", "tests"}
)
"""Folders that no synthesis reads."""


class RevisionError(OneLineError):
    """A revision cannot be synthesized; the text says which, and why."""


@dataclass(frozen=True)
class Revisions:
    """Both, synthesized; `base` is the commit that the change started from."""

    base: str
    old: dict[str, Stack]
    new: dict[str, Stack]
    usage: tuple[str, ...] = ()
    """What differs in the usage that costs are worked out from: lines, as `-…` and `+…`."""


@contextmanager
def synthesized(base: str, *, as_deployed: bool = False) -> Iterator[Revisions]:
    """The common ancestor of `base` and HEAD, and the working tree. The archives are gone afterwards.

    `as_deployed`: both for where the shell says that a deployment goes. Raises RevisionError.
    """
    commit = _ancestor(base)
    with tempfile.TemporaryDirectory(prefix="parakeet-review-") as name, ThreadPoolExecutor(1) as meanwhile:
        folder = Path(name)

        def synthesized(root: Path, outdir: str, what: str) -> dict[str, Stack]:
            return _synthesized(root, folder / outdir, what, as_deployed=as_deployed)

        under_way = meanwhile.submit(synthesized, PROJECT, "new", "the working tree")
        if _may_differ(commit):
            with _checked_out(commit, folder / "base") as there:
                old = synthesized(there, "old", f"the base ({commit[:10]})")
            yield Revisions(commit, old, under_way.result(), _usage(commit))
        else:
            new = under_way.result()
            yield Revisions(commit, new, new)


def _may_differ(commit: str) -> bool:
    """Whether a file has changed since, or is new, that synthesis might read."""
    changed = _git("diff", "--no-renames", "--name-only", "-z", commit)
    new = _git("ls-files", "--others", "--exclude-standard", "-z")
    return any(file.partition("/")[0] not in UNREAD for file in f"{changed}{new}".split("\0") if file)


def _usage(commit: str) -> tuple[str, ...]:
    lines = _git("diff", "--no-color", "--no-ext-diff", "--unified=0", commit, "--", _USAGE).splitlines()
    return tuple(line for line in lines if line.startswith(("-", "+")) and line[:3] not in ("---", "+++"))


def _ancestor(base: str) -> str:
    try:
        return _git("merge-base", base, "HEAD").strip()
    except RevisionError as error:
        raise RevisionError(
            f"BASE={base}: no such revision, or one that shares no history ({error}): name a branch, tag or "
            "commit; a shallow clone has to be deepened with `git fetch --unshallow`"
        ) from None


@contextmanager
def _checked_out(commit: str, folder: Path) -> Iterator[Path]:
    _git("worktree", "add", "--detach", "--quiet", str(folder), commit)
    try:
        yield folder
    finally:
        _git("worktree", "remove", "--force", str(folder))


def _synthesized(root: Path, outdir: Path, what: str, *, as_deployed: bool) -> dict[str, Stack]:
    try:
        synthesize(outdir, root, _python(root), as_deployed=as_deployed)
    except SynthesisError as error:
        raise RevisionError(f"{what}: {error}") from None
    return read_stacks(outdir)


def _python(root: Path) -> str:
    """This Python, or where the locked packages differ one of their own, which is kept."""
    lock = (root / _LOCK).read_bytes()
    if lock == (PROJECT / _LOCK).read_bytes():
        return sys.executable
    home = CACHE / "environments" / hashlib.sha256(lock).hexdigest()[:16]
    return str(python_environment(home, root / _LOCK))


def _git(*arguments: str) -> str:
    return _run("git", "-C", str(PROJECT), *arguments)


def _run(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise RevisionError(f"{Path(command[0]).name} is needed, but it is not installed") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["it does not say why"]
        raise RevisionError(f"{Path(command[0]).name}: {lines[-1]}")
    return done.stdout
