"""The functions' dependencies as layers, built from `packages/locks/` when they are missing or stale.

A layer is built once for Lambda, as an archive that is the same bytes on any machine, and once for this
machine, as a folder: its twin, which runs here what is deployed there. The virtual environment keeps both.
"""

import base64
import hashlib
import json
import os
import shutil
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from packages import archive, bytecode, layer_build, manifest, stripping, uv, wheels
from packages.bytecode import compiler_version
from packages.manifest import LayerError, Manifest
from packages.wheels import HOST, LAMBDA, Target

LAYERS = ("core", "analytics", "migrations")
"""As the groups in pyproject.toml."""

LOCKS = Path(__file__).with_name("locks")
CACHE = Path(sys.prefix, "layers")
"""Built layers by what they were built from. `make clean` removes it."""


@dataclass(frozen=True)
class Layer:
    """A layer for Lambda, as it is uploaded."""

    name: str
    path: Path
    """Of the archive."""
    sha256: str
    """In hexadecimal."""
    unzipped_size: int
    """In bytes, as is `size`."""
    size: int
    manifest: Manifest

    @property
    def sha256_base64(self) -> str:
        """As in Lambda's CodeSha256 and Terraform's `source_code_hash`."""
        return base64.b64encode(bytes.fromhex(self.sha256)).decode()

    @cached_property
    def modules(self) -> frozenset[str]:
        """What can be imported from it: top-level names."""
        return frozenset(module for about in self.manifest.distributions.values() for module in about.modules)

    def write(self, directory: Path) -> Path:
        """Put the archive into the directory as `<name>-<version>.zip` and return its path.

        It takes no room and no time there, unless the directory is on another file system.
        """
        directory.mkdir(parents=True, exist_ok=True)
        target = directory / f"{self.name}-{self.sha256[:12]}.zip"
        partial = directory / f".{target.name}.{uuid.uuid4().hex}"
        try:
            try:
                os.link(self.path, partial)
            except OSError:
                shutil.copyfile(self.path, partial)
            partial.replace(target)
        finally:
            # Two links to one file: replacing the one by the other does nothing, and leaves both.
            partial.unlink(missing_ok=True)
        return target


@dataclass(frozen=True)
class Twin:
    """A layer's twin on this machine: `path` is for this Python's `sys.path`."""

    name: str
    path: Path
    manifest: Manifest


@cache
def built(name: str) -> Layer:
    """The layer for Lambda, built if it is missing or stale.

    Raises LayerError if it cannot be installed or is larger than Lambda takes, ByteCodeError if it cannot be
    compiled.
    """
    folder = _cached(name, LAMBDA)
    about = json.loads((folder / layer_build.ARCHIVE_FILE).read_text("utf-8"))
    return Layer(
        name,
        folder / f"{name}.zip",
        about["sha256"],
        about["unzipped_size"],
        about["size"],
        Manifest.read(folder),
    )


@cache
def twin(name: str) -> Twin:
    """The layer for this machine and this Python, built if it is missing or stale. Raises as `built` does."""
    folder = _cached(name, HOST) / "python"
    return Twin(name, folder, Manifest.read(folder))


def remove_stale() -> list[Path]:
    """Remove what was built from other lock files or by another builder, and return it."""
    wanted = {_folder(name, target) for name in LAYERS for target in (LAMBDA, HOST)}
    # What starts with a dot is being built.
    stale = [path for path in CACHE.glob("[!.]*") if path not in wanted]
    for folder in stale:
        shutil.rmtree(folder, ignore_errors=True)
    return stale


def _cached(name: str, target: Target) -> Path:
    """The folder with what was built."""
    folder = _folder(name, target)
    if not folder.is_dir():
        with _staging() as staging:
            layer_build.build(LOCKS / f"{name}.lock", target, staging, folder)
            try:
                # Whole or not at all. A folder that is there by now is another builder's, and the same.
                staging.rename(folder)
            except OSError:
                if not folder.is_dir():
                    raise
    return folder


def _folder(name: str, target: Target) -> Path:
    """Another one for whatever else decides about the layer's bytes."""
    lock = LOCKS / f"{name}.lock"
    if not lock.is_file():
        raise LayerError(f"{lock} is missing: layers are the groups in pyproject.toml; run `make lock`")
    digest = hashlib.sha256(lock.read_bytes())
    digest.update(" ".join((target.name, *target.uv_options, _builder())).encode())
    if target is HOST:
        digest.update(f"{sys.version} {CACHE}".encode())
    return CACHE / f"{name}-{target.name}-{digest.hexdigest()[:16]}"


@cache
def _builder() -> str:
    parts = (archive, bytecode, layer_build, manifest, stripping, uv, wheels)
    sources = b"".join(Path(str(part.__file__)).read_bytes() for part in parts)
    return compiler_version() + hashlib.sha256(sources).hexdigest()


@contextmanager
def _staging() -> Iterator[Path]:
    staging = CACHE / f".{uuid.uuid4().hex}"
    try:
        staging.mkdir(parents=True)
    except OSError as error:
        raise LayerError(f"layers are built in {CACHE}, but that fails: {error.strerror}") from None
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)
