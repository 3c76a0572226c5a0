"""A function's package: what its handler needs below `functions/`, with byte code; and the layers for it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packages.archive import Archive, files_in
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
    needs = needs_of(f"{CODE}/{function}/handler.py", root)
    layers = needed_layers(needs.modules, [built(name) for name in LAYERS])
    sources = {path: file.read_bytes() for path, file in files_in(root, *sorted(needs.files)).items()}
    contents = sources | _byte_code(sources, root)
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


def _byte_code(sources: Mapping[str, bytes], root: Path) -> dict[str, bytes]:
    code = cached_for_lambda(
        {f"{FUNCTION_FOLDER}/{path}": content for path, content in sources.items() if path.endswith(".py")},
        # The other functions are packed next.
        lambda: {
            f"{FUNCTION_FOLDER}/{file.relative_to(root).as_posix()}": file.read_bytes()
            for file in sorted((root / CODE).rglob("*.py"))
        },
    )
    return {cached_path(path.removeprefix(f"{FUNCTION_FOLDER}/")): content for path, content in code.items()}


def _version(contents: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for path, content in sorted(contents.items()):
        digest.update(f"{path}\n{hashlib.sha256(content).hexdigest()}\n".encode())
    # Short enough for a health check.
    return digest.hexdigest()[:12]
