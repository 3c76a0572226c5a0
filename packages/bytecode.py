"""Byte code of Lambda's Python for what is uploaded, and this Python's own for what runs on this machine.

Lambda's folders are read-only: byte code that is missing there is compiled at every cold start. It has to be the
byte code of Lambda's own Python version, whichever runs this: npm's Pyodide is that Python, as WebAssembly.
"""

import hashlib
import json
import subprocess
import sys
import uuid
from collections.abc import Mapping
from functools import cache
from pathlib import Path, PurePosixPath

from config.errors import OneLineError
from packages import byte_code_compiler, marshal_format
from packages.byte_code_compiler import HEADER_SIZE, byte_code, framed, unframed
from packages.lambda_runtime import CACHE_TAG

PROJECT_ROOT = Path(__file__).parents[1]
CACHE = Path(sys.prefix, "byte-code")
"""Compiled functions by what they were compiled from. `make clean` removes it."""

_PYODIDE = PROJECT_ROOT / "node_modules/pyodide"
_COMPILER = Path(byte_code_compiler.__file__)
# Starting takes 2 s, core 2 more.
_TIMEOUT_SECONDS = 300


class ByteCodeError(OneLineError):
    """The sources cannot be compiled. The message names the source, or what is missing and what to do."""


def cached_path(source: str, tag: str = CACHE_TAG) -> str:
    """Where Python looks for the byte code of a source: `a/b.py` is `a/__pycache__/b.cpython-313.pyc`."""
    path = PurePosixPath(source)
    return str(path.with_name("__pycache__") / f"{path.stem}.{tag}.pyc")


def compiled_for_lambda(sources: Mapping[str, bytes]) -> dict[str, bytes]:
    """3.13's byte code by the same keys: each source's path where it runs, as `/opt/python/httpx/_api.py`.

    The same bytes on any machine and in any batch. What is no Python 3.13 is left out.

    Raises ByteCodeError if Node or Pyodide is missing or fails.
    """
    if not sources:
        return {}
    node = Path(sys.executable).with_name("node")
    command = [str(node), str(_COMPILER.with_suffix(".cjs")), str(_PYODIDE), str(_COMPILER)]
    try:
        done = subprocess.run(
            command, input=framed(sources.items()), capture_output=True, timeout=_TIMEOUT_SECONDS, check=True
        )
    except FileNotFoundError:
        raise ByteCodeError(f"{node} compiles byte code, but is not there: run `make setup`") from None
    except subprocess.CalledProcessError as failed:
        last = failed.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise ByteCodeError(
            f"Pyodide could not compile byte code ({' '.join(last) or failed}): run `make setup`"
        ) from None
    except subprocess.TimeoutExpired:
        raise ByteCodeError(f"Pyodide took more than {_TIMEOUT_SECONDS} s to compile byte code") from None
    return {
        path: code[:HEADER_SIZE] + marshal_format.canonical(code[HEADER_SIZE:])
        for path, code in unframed(done.stdout)
        if code
    }


def cached_for_lambda(sources: Mapping[str, bytes], cache: Path | None = None) -> dict[str, bytes]:
    """As `compiled_for_lambda`, but only what has changed is compiled: Pyodide takes 2 s to start.

    Raises ByteCodeError if a source is no Python 3.13, besides.
    """
    folder = cache or CACHE
    places = {path: folder / _key(path, source) for path, source in sources.items()}
    found = {path: place.read_bytes() for path, place in places.items() if place.exists()}
    missing = {path: source for path, source in sources.items() if path not in found}
    compiled = compiled_for_lambda(missing)
    for path in missing:
        if path not in compiled:
            raise ByteCodeError(f"{path.removeprefix('/var/task/')} is no Python 3.13: mend its syntax")
        _write(places[path], compiled[path])
    return found | compiled


def compile_folder(folder: Path) -> None:
    """Put this Python's own byte code beside every source in the folder, for as long as nothing in it changes."""
    for source in folder.rglob("*.py"):
        if code := byte_code(str(source), source.read_bytes()):
            target = folder / cached_path(source.relative_to(folder).as_posix(), sys.implementation.cache_tag)
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(code)


@cache
def compiler_version() -> str:
    """Changes with whatever decides about the byte code, Pyodide included.

    Raises ByteCodeError if Pyodide is not there.
    """
    try:
        pyodide = json.loads((_PYODIDE / "package.json").read_bytes())["version"]
    except FileNotFoundError:
        raise ByteCodeError(f"{_PYODIDE} compiles byte code, but is not there: run `make setup`") from None
    parts = (_COMPILER, _COMPILER.with_suffix(".cjs"), Path(marshal_format.__file__))
    return hashlib.sha256(pyodide.encode() + b"".join(part.read_bytes() for part in parts)).hexdigest()


def _key(path: str, source: bytes) -> str:
    digest = hashlib.sha256(f"{compiler_version()}\n{path}\n".encode())
    digest.update(source)
    return f"{digest.hexdigest()}.pyc"


def _write(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        partial.write_bytes(content)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
