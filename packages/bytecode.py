"""Byte code of Lambda's Python for what is uploaded, and this Python's own for what runs on this machine.

Lambda's folders are read-only: byte code that is missing there is compiled at every cold start. It has to be
that of Lambda's own Python, whichever runs this: npm's Pyodide is that Python, as WebAssembly.
"""

import functools
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from config.errors import OneLineError
from packages import byte_code_compiler, cache, marshal_format
from packages.byte_code_compiler import HEADER_SIZE, byte_code, framed, unframed
from packages.lambda_runtime import CACHE_TAG, FUNCTION_FOLDER

# Beside the virtual environment that runs this, as the set-up puts it; tests run copies of this project.
_PYODIDE = Path(sys.prefix).parent / "node_modules/pyodide"
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


def cached_for_lambda(
    sources: Mapping[str, bytes], alongside: Callable[[], Mapping[str, bytes]] = dict
) -> dict[str, bytes]:
    """As `compiled_for_lambda`, but only what has changed is compiled: Pyodide takes 2 s to start.

    When it has to start, what `alongside` gives is compiled with it, for the next call.
    Raises ByteCodeError if a source is no Python 3.13, besides.
    """
    found = _found(sources)
    if len(found) < len(sources):
        wanted = {**alongside(), **sources}
        known = _found(wanted)
        missing = {path: source for path, source in wanted.items() if path not in known}
        compiled = compiled_for_lambda(missing)
        for path, code in compiled.items():
            cache.put(_key(path, missing[path]), code)
        found = known | compiled
    for path in sources:
        if path not in found:
            raise ByteCodeError(
                f"{path.removeprefix(f'{FUNCTION_FOLDER}/')} is no Python 3.13: mend its syntax"
            )
    return {path: found[path] for path in sources}


def compile_folder(folder: Path, *, runs_at: Path | None = None) -> None:
    """Put this Python's own byte code beside every source in the folder. They must not change any more.

    `runs_at` is where the folder will be when it runs, if that is elsewhere.
    """
    for source in folder.rglob("*.py"):
        path = source.relative_to(folder)
        if code := byte_code(str((runs_at or folder) / path), source.read_bytes()):
            target = folder / cached_path(path.as_posix(), sys.implementation.cache_tag)
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(code)


@functools.cache
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


def _found(sources: Mapping[str, bytes]) -> dict[str, bytes]:
    cached = {path: cache.get(_key(path, source)) for path, source in sources.items()}
    return {path: code for path, code in cached.items() if code is not None}


def _key(path: str, source: bytes) -> str:
    return cache.key("byte code", compiler_version(), path, source)
