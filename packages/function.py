"""A function's package: what its handler needs below `functions/`, with byte code; and the layers for it."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packages.archive import Archive, ArchiveError
from packages.bytecode import cached_for_lambda, cached_path
from packages.imports import CODE, ImportsError, needs_of
from packages.lambda_runtime import FUNCTION_FOLDER, OWN_MODULES
from packages.layer import LAYERS, Layer, built
from packages.layer_build import refuse_too_large

PROJECT_ROOT = Path(__file__).parents[1]

VERSION_FILE = "VERSION"
"""In a package, at the top: the version of its code, which so can never be another's."""


@dataclass(frozen=True)
class FunctionPackage:
    """What a function is deployed as."""

    archive: Archive
    version: str
    """Of all that is in the archive, as in its VERSION file."""
    layers: tuple[str, ...]
    """Names, in the order of `packages.layer.LAYERS`."""


def pack(function: str, root: Path = PROJECT_ROOT) -> FunctionPackage:
    """The package of `functions/<function>/handler.py`, and the layers that its imports need.

    Raises ImportsError for an import that nothing brings, ArchiveError for a file that cannot be packed,
    ByteCodeError for what is no Python 3.13, and LayerError if a layer cannot be built or all is more than
    Lambda takes.
    """
    code = dict(_files_below(str(root), CODE))
    needs = needs_of(f"{CODE}/{function}/handler.py", code)
    layers = needed_layers(needs.modules, [built(name) for name in LAYERS])
    sources = {path: code[path] for path in sorted(needs.files)}
    contents = sources | _byte_code(sources, code)
    version = _version(contents)
    archive = Archive.holding(function, {**contents, VERSION_FILE: f"{version}\n".encode()})
    refuse_too_large(
        f"{CODE}/{function} and its layers",
        archive.unzipped_size + sum(layer.unzipped_size for layer in layers),
        [layer.manifest for layer in layers],
    )
    return FunctionPackage(archive, version, tuple(layer.name for layer in layers))


def needed_layers(modules: Mapping[str, str], layers: Sequence[Layer]) -> list[Layer]:
    """The fewest layers that hold these top-level modules, which are given with the place that imports them.

    Raises ImportsError for a module that neither a layer nor Lambda's own runtime has.
    """
    holders = {
        module: [layer for layer in layers if module in layer.modules]
        for module in modules
        if module not in OWN_MODULES
    }
    for module, holding in holders.items():
        if not holding:
            raise ImportsError(
                f"{modules[module]} imports {module}, which is in none of the layers "
                f"{', '.join(layer.name for layer in layers)}: add it to a layer's group in pyproject.toml "
                "and run `make lock`"
            )
    # First where there is no choice: typing_extensions is in two layers.
    needed: list[Layer] = []
    for holding in sorted(holders.values(), key=len):
        if not any(layer in needed for layer in holding):
            needed.append(holding[0])
    return [layer for layer in layers if layer in needed]


def _files_below(root: str, folder: str) -> Iterator[tuple[str, bytes]]:
    """Contents by path below the root, without byte code and hidden files."""
    # A synthesis does this once a function and environment: pathlib takes four times as long.
    with os.scandir(f"{root}/{folder}") as entries:
        for entry in entries:
            path = f"{folder}/{entry.name}"
            if entry.name.startswith(".") or entry.name == "__pycache__" or entry.name.endswith(".pyc"):
                continue
            if entry.is_symlink():
                # Its target may lie outside of the code, or differ from one machine to the next.
                raise ArchiveError(f"{path} is a symbolic link; put the file itself there")
            if entry.is_dir():
                yield from _files_below(root, path)
            else:
                yield path, Path(entry.path).read_bytes()


def _byte_code(sources: Mapping[str, bytes], code: Mapping[str, bytes]) -> dict[str, bytes]:
    # The other functions are packed next.
    compiled = cached_for_lambda(_where_they_run(sources), lambda: _where_they_run(code))
    return {cached_path(path.removeprefix(f"{FUNCTION_FOLDER}/")): found for path, found in compiled.items()}


def _where_they_run(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {f"{FUNCTION_FOLDER}/{path}": content for path, content in files.items() if path.endswith(".py")}


def _version(contents: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for path, content in sorted(contents.items()):
        digest.update(f"{path}\n{hashlib.sha256(content).hexdigest()}\n".encode())
    # Short enough for a health check.
    return digest.hexdigest()[:12]
