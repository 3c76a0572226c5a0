"""Builds a layer into a folder: installed, stripped, compiled, described, and zipped if it is for Lambda."""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path, PurePosixPath

from packages import manifest as manifest_file
from packages.archive import UNZIPPED_LIMIT, write_zip
from packages.bytecode import cached_path, compile_folder, compiled_for_lambda
from packages.lambda_runtime import LAYER_FOLDER
from packages.manifest import Installed, LayerError, Manifest
from packages.stripping import strip
from packages.wheels import HOST, Target, install

ARCHIVE_FILE = "archive.json"
"""Beside the archive: its hash and sizes, so that nobody has to read it for these."""

_MIB = 1024 * 1024


def build(lock: Path, target: Target, staging: Path, final: Path) -> None:
    """Build the layer in `staging`, which will be renamed to `final`: `python/` for this machine, or a zip.

    Raises LayerError if it cannot be installed or is larger than Lambda takes, ByteCodeError if it cannot be
    compiled.
    """
    name = lock.stem
    python = staging / "python"
    install(lock, target, python)
    modules = {dist.name: _modules(dist) for dist in distributions(path=[str(python)])}
    strip(python)
    if target is HOST:
        compile_folder(python, runs_at=final / "python")
    else:
        _compile_for_lambda(python)
    manifest = _manifest(name, target, python, modules)
    (python / manifest_file.FILE).write_text(manifest.text(), "utf-8")
    if target is not HOST:
        _zip(name, python, manifest, staging)
        (staging / manifest_file.FILE).write_text(manifest.text(), "utf-8")
        shutil.rmtree(python)


def refuse_too_large(what: str, size: int, manifests: Iterable[Manifest]) -> None:
    """Raises LayerError if Lambda does not take that many bytes, naming the largest distributions."""
    if size <= UNZIPPED_LIMIT:
        return
    largest = sorted(
        ((about.size, name) for manifest in manifests for name, about in manifest.distributions.items()),
        reverse=True,
    )
    listed = ", ".join(f"{name} {size / _MIB:.1f} MiB" for size, name in largest[:5])
    raise LayerError(
        f"{what}: {size / _MIB:.1f} MiB unzipped, but Lambda takes at most {UNZIPPED_LIMIT // _MIB} of a "
        f"function and its layers together; the largest are {listed}"
    )


def _zip(name: str, python: Path, manifest: Manifest, staging: Path) -> None:
    files = {
        file.relative_to(staging).as_posix(): file for file in sorted(python.rglob("*")) if file.is_file()
    }
    unzipped_size = sum(file.stat().st_size for file in files.values())
    refuse_too_large(f"layer {name}", unzipped_size, [manifest])
    archive = staging / f"{name}.zip"
    with archive.open("wb") as opened:
        write_zip(opened, files)
    with archive.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    about = {"sha256": digest, "unzipped_size": unzipped_size, "size": archive.stat().st_size}
    (staging / ARCHIVE_FILE).write_text(json.dumps(about), "utf-8")


def _compile_for_lambda(python: Path) -> None:
    sources = {
        f"{LAYER_FOLDER}/{file.relative_to(python).as_posix()}": file.read_bytes()
        for file in sorted(python.rglob("*.py"))
    }
    for path, code in compiled_for_lambda(sources).items():
        target = python / cached_path(path.removeprefix(f"{LAYER_FOLDER}/"))
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(code)


def _modules(distribution: Distribution) -> tuple[str, ...]:
    """The top-level names that it is imported by."""
    found = set()
    for file in distribution.files or ():
        path = PurePosixPath(file)
        # Programs are installed elsewhere, in `bin`.
        if path.suffix in (".py", ".so") and path.parts[0] not in ("..", "bin"):
            found.add(path.parts[0].partition(".")[0])
    return tuple(sorted(module for module in found if module.isidentifier()))


def _manifest(name: str, target: Target, python: Path, modules: Mapping[str, tuple[str, ...]]) -> Manifest:
    there = {dist.name: dist for dist in distributions(path=[str(python)])}
    owners = {module: dist for dist, names in modules.items() for module in names}
    sizes = dict.fromkeys(there, 0)
    for file in python.rglob("*"):
        # `numpy.libs` is numpy's; what is in the top `__pycache__` tells by its own name.
        top = file.relative_to(python).parts[0].partition(".")[0]
        owner = owners.get(top) or owners.get(file.name.partition(".")[0])
        if owner in sizes and file.is_file():
            sizes[owner] += file.stat().st_size
    left = {
        dist: tuple(module for module in modules[dist] if _is_there(python, module)) for dist in sorted(there)
    }
    return Manifest(
        name, target.name, {dist: Installed(there[dist].version, sizes[dist], left[dist]) for dist in left}
    )


def _is_there(python: Path, module: str) -> bool:
    """It was not stripped."""
    return (python / module).is_dir() or any(python.glob(f"{module}.*"))
