"""The functions' dependencies as layers, built from `packages/locks/` when they are missing or stale.

A layer is built once for Lambda, as an archive that is the same bytes on any machine, and once for this machine, as a
folder: its twin, which runs here what is deployed there. Both are kept in the virtual environment.
"""

import base64
import hashlib
import json
import os
import shutil
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import Distribution, distributions
from pathlib import Path, PurePosixPath

from packages import bytecode, stripping, wheels
from packages.archive import UNZIPPED_LIMIT, write_zip
from packages.bytecode import PROJECT_ROOT, cached_path, compile_folder, compiled_for_lambda, compiler_version
from packages.lambda_runtime import LAYER_FOLDER
from packages.wheels import HOST, LAMBDA, LayerError, Target, install

LAYERS = ("core", "analytics", "migrations")
"""As the groups in pyproject.toml."""

RUNTIME = "runtime"
"""Locked as layers are, but never deployed: what Lambda's own runtime has, for functions that run on this machine."""

MANIFEST = "LAYER.json"
"""In the layer beside its distributions: what it is, as `Manifest`."""

LOCKS = PROJECT_ROOT / "packages/locks"
CACHE = Path(sys.prefix, "layers")
"""Built layers by what they were built from. `make clean` removes it."""

_MIB = 1024 * 1024


@dataclass(frozen=True)
class Installed:
    """A distribution in a layer."""

    version: str
    bytes: int
    """Unzipped, with byte code."""
    modules: tuple[str, ...]
    """What it is imported as: top-level names."""


@dataclass(frozen=True)
class Manifest:
    """What is in a layer, also for whoever has only the layer."""

    layer: str
    target: str
    distributions: Mapping[str, Installed]
    """By their names in the lock file."""

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Of an unpacked layer's `python` folder. Raises LayerError if there is none, or none of ours."""
        try:
            return cls.parse((folder / MANIFEST).read_text("utf-8"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LayerError(f"{folder} is no layer of this project: {MANIFEST} in it: {error!r}") from None

    @classmethod
    def parse(cls, text: str) -> "Manifest":
        """Raises ValueError, KeyError or TypeError if the text is no manifest."""
        raw = json.loads(text)
        return cls(
            raw["layer"],
            raw["target"],
            {
                name: Installed(about["version"], about["bytes"], tuple(about["modules"]))
                for name, about in raw["distributions"].items()
            },
        )

    def text(self) -> str:
        """As it stands in the layer."""
        return json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"


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

    @property
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

    Raises LayerError if it cannot be built or is larger than Lambda takes, ByteCodeError if it cannot be compiled.
    """
    folder = _cached(name, LAMBDA)
    about = json.loads((folder / "archive.json").read_text("utf-8"))
    return Layer(
        name,
        folder / f"{name}.zip",
        about["sha256"],
        about["unzipped_size"],
        about["size"],
        Manifest.parse((folder / MANIFEST).read_text("utf-8")),
    )


@cache
def twin(name: str) -> Twin:
    """The layer for this machine and the Python that runs this, built if it is missing or stale; raises as `built`."""
    folder = _cached(name, HOST) / "python"
    return Twin(name, folder, Manifest.read(folder))


def twin_mismatches(deployed: Manifest, here: Manifest) -> list[str]:
    """A line for each distribution that the twin lacks, or has in another version than the deployed layer."""
    lines = []
    for name, about in sorted(deployed.distributions.items()):
        there = here.distributions.get(name)
        if there is None:
            lines.append(f"{deployed.layer}: {name} {about.version} is deployed, but there is none for this machine")
        elif there.version != about.version:
            lines.append(f"{deployed.layer}: {name} {about.version} is deployed, but here it is {there.version}")
    return lines


def refuse_too_large(what: str, size: int, manifests: Mapping[str, Manifest] | Iterator[Manifest]) -> None:
    """Raises LayerError if Lambda does not take that many bytes, naming the largest distributions."""
    if size <= UNZIPPED_LIMIT:
        return
    parts = manifests.values() if isinstance(manifests, Mapping) else manifests
    largest = sorted(
        ((about.bytes, name) for part in parts for name, about in part.distributions.items()), reverse=True
    )
    listed = ", ".join(f"{name} {size / _MIB:.1f} MiB" for size, name in largest[:5])
    raise LayerError(
        f"{what}: {size / _MIB:.1f} MiB unzipped, but Lambda takes at most {UNZIPPED_LIMIT // _MIB} of a function and its "
        f"layers together; the largest are {listed}"
    )


def remove_stale() -> list[Path]:
    """Remove what was built from other lock files or by another builder, and return it."""
    if not CACHE.is_dir():
        return []
    wanted = {_folder(name, target) for name in LAYERS for target in (LAMBDA, HOST)} | {_folder(RUNTIME, HOST)}
    stale = [folder for folder in CACHE.iterdir() if folder not in wanted and not folder.name.startswith(".")]
    for folder in stale:
        shutil.rmtree(folder, ignore_errors=True)
    return stale


def _cached(name: str, target: Target) -> Path:
    """The folder with what was built."""
    folder = _folder(name, target)
    if not folder.is_dir():
        with _staging() as staging:
            _build(name, target, staging, folder)
            try:
                # Whole or not at all. A folder that is there by now is another builder's, and the same.
                staging.rename(folder)
            except OSError:
                if not folder.is_dir():
                    raise
    return folder


def _folder(name: str, target: Target) -> Path:
    lock = LOCKS / f"{name}.lock"
    if not lock.is_file():
        raise LayerError(f"{lock} is missing: layers are the groups in pyproject.toml; run `make lock`")
    return CACHE / f"{name}-{target.name}-{_key(lock.read_bytes(), target)}"


def _key(lock: bytes, target: Target) -> str:
    """Changes with all that decides about a layer's bytes."""
    digest = hashlib.sha256(lock)
    digest.update(" ".join((target.name, *target.uv_options)).encode())
    digest.update(_builder().encode())
    if target is HOST:
        digest.update(sys.version.encode())
    return digest.hexdigest()[:16]


@cache
def _builder() -> str:
    parts = (__file__, bytecode.__file__, stripping.__file__, wheels.__file__)
    return compiler_version() + hashlib.sha256(b"".join(Path(part).read_bytes() for part in parts)).hexdigest()


@contextmanager
def _staging() -> Iterator[Path]:
    staging = CACHE / f".{uuid.uuid4().hex}"
    staging.mkdir(parents=True)
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _build(name: str, target: Target, staging: Path, final: Path) -> None:
    python = staging / "python"
    install(LOCKS / f"{name}.lock", target, python)
    modules = {dist.name: _modules(dist) for dist in distributions(path=[str(python)])}
    stripping.strip(python)
    if target is HOST:
        compile_folder(python)
    else:
        _compile_for_lambda(python)
    manifest = _manifest(name, target, python, modules)
    (python / MANIFEST).write_text(manifest.text(), "utf-8")
    if target is HOST:
        return
    files = {
        file.relative_to(staging).as_posix(): file for file in sorted(python.rglob("*")) if file.is_file()
    }
    unzipped_size = sum(file.stat().st_size for file in files.values())
    refuse_too_large(f"layer {name}", unzipped_size, {name: manifest})
    archive = staging / f"{name}.zip"
    with archive.open("wb") as target_file:
        write_zip(target_file, files)
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    about = {"sha256": digest, "unzipped_size": unzipped_size, "size": archive.stat().st_size}
    (staging / "archive.json").write_text(json.dumps(about), "utf-8")
    (staging / MANIFEST).write_text(manifest.text(), "utf-8")
    shutil.rmtree(python)


def _compile_for_lambda(python: Path) -> None:
    sources = {file.relative_to(python).as_posix(): file.read_bytes() for file in sorted(python.rglob("*.py"))}
    compiled = compiled_for_lambda({f"{LAYER_FOLDER}/{path}": source for path, source in sources.items()})
    for path, code in compiled.items():
        target = python / cached_path(path.removeprefix(f"{LAYER_FOLDER}/"))
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(code)


def _modules(distribution: Distribution) -> tuple[str, ...]:
    """The top-level names that it is imported by."""
    found = set()
    for file in distribution.files or ():
        path = PurePosixPath(file)
        if path.suffix in (".py", ".so") and path.parts[0] != "..":
            found.add(path.parts[0].partition(".")[0])
    return tuple(sorted(module for module in found if module.isidentifier()))


def _manifest(name: str, target: Target, python: Path, modules: Mapping[str, tuple[str, ...]]) -> Manifest:
    sizes = {dist.name: 0 for dist in distributions(path=[str(python)])}
    owners = {module: dist for dist, names in modules.items() for module in names}
    for file in python.rglob("*"):
        if file.is_file():
            top = file.relative_to(python).parts[0]
            # numpy.libs belongs to numpy, and typing_extensions.py's byte code to none that a folder tells.
            owner = owners.get(top.partition(".")[0]) or owners.get(file.name.partition(".")[0])
            if owner in sizes:
                sizes[owner] += file.stat().st_size
    return Manifest(
        name,
        target.name,
        {
            dist.name: Installed(dist.version, sizes[dist.name], modules[dist.name])
            for dist in sorted(distributions(path=[str(python)]), key=lambda dist: dist.name)
        },
    )
