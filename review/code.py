"""Which functions' and layers' packages changed: sizes, files, and what a layer brings along."""

import re
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from packages.manifest import FILE, Installed, Manifest
from review.changes import Change, Comparison
from review.finding import Finding, Part
from review.shapes import listed
from review.stack import Stack
from review.values import difference, shown

UNPLANNED = frozenset({"key", "source", "source_code_hash", "triggers.version"})
"""Arguments that change with every package and make nothing anew that holds data."""


_CONTENT = ("content_type", "etag", "key", "source", "source_hash")
"""Arguments of an upload that are told by what is in its package."""


_MIGRATION = re.compile(r"(?:^|/)migrations/versions/[^/]+\.py$")
_LOSES_DATA = re.compile(r"\bdrop_\w+|\b(?:drop|truncate|delete\s+from)\s+[\w.]+", re.IGNORECASE)


@dataclass(frozen=True)
class Package:
    """What an archive holds."""

    size: int
    """In bytes, unzipped."""
    files: Mapping[str, int]
    """The checksums of sources, by path: byte code follows them."""
    distributions: Mapping[str, Installed]
    """In a layer, by name."""
    migrations: Mapping[str, str]
    """The texts of what changes the database, by path."""


@cache
def read_package(file: Path) -> Package:
    """Of a function or a layer; of any other file its size. Raises OSError or ValueError."""
    if file.suffix != ".zip":
        return Package(file.stat().st_size, {file.name: zlib.crc32(file.read_bytes())}, {}, {})
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            manifest = f"python/{FILE}"
            names = {entry.filename for entry in entries}
            installed = (
                Manifest.parse(archive.read(manifest).decode()).distributions if manifest in names else {}
            )
            return Package(
                sum(entry.file_size for entry in entries),
                {
                    entry.filename: entry.CRC
                    for entry in entries
                    if not entry.filename.endswith(".pyc") and entry.filename != "VERSION"
                },
                installed,
                {name: archive.read(name).decode() for name in sorted(names) if _MIGRATION.search(name)},
            )
    except (zipfile.BadZipFile, KeyError, TypeError) as error:
        raise ValueError(f"{file.name}: {error}") from None


def code(comparison: Comparison) -> Iterator[Finding]:
    """The findings of a stack."""
    changed: set[str] = set()
    for change in comparison.of("aws_s3_object"):
        if "source" not in {*(change.before or {}), *(change.after or {})}:
            # No archive: its content is in the stack.
            continue
        yield from _uploaded(comparison, change)
        changed.add(change.address)
    for change in comparison.of("aws_lambda_function", "aws_lambda_layer_version", "aws_lambda_invocation"):
        told = []
        if comparison.new.references(change.after or {}) & changed or change.kind == "aws_lambda_invocation":
            told = [f"{change.address}:{argument}" for argument in UNPLANNED]
        layers = next((one for one in change.arguments if one.path == "layers"), None)
        if layers is not None and change.kind == "aws_lambda_function":
            before, after = listed(layers.before), listed(layers.after)
            for verb, of in (
                ("added", [x for x in after if x not in before]),
                ("removed", [x for x in before if x not in after]),
            ):
                for layer in of:
                    yield Finding(
                        Part.CODE,
                        f"{comparison.label(change)}: {shown(layer)} {verb}",
                        comparison.construct(change),
                        (f"{change.address}:layers",),
                    )
        if told:
            # Not a sentence of its own: the package's says it.
            yield Finding(Part.CODE, "", "", tuple(told))


def _uploaded(comparison: Comparison, change: Change) -> Iterator[Finding]:
    block = change.after or change.before or {}
    key = str(block.get("key", ""))
    what, _, rest = key.partition("/")
    name = (
        f"{what.removesuffix('s')} {rest.partition('/')[0].removesuffix('.zip')}"
        if key.endswith(".zip")
        else f"file {key}"
    )
    both = change.before is not None and change.after is not None
    told = tuple(f"{change.address}:{path}" for path in (_CONTENT if both else "*"))
    construct = comparison.construct(change)
    for argument in change.arguments:
        if argument.top not in _CONTENT:
            yield Finding(
                Part.CODE,
                f"{name}: {difference(argument)}",
                construct,
                (f"{change.address}:{argument.path}",),
            )
    if both and not any(argument.top in _CONTENT for argument in change.arguments):
        return
    files = [
        _file(stack, part)
        for stack, part in ((comparison.old, change.before), (comparison.new, change.after))
    ]
    try:
        before, after = (None if file is None else read_package(file) for file in files)
    except (OSError, ValueError) as error:
        yield Finding(Part.CODE, f"{name} changed", construct, told)
        yield Finding(Part.UNKNOWN, f"the package of {name} cannot be read ({type(error).__name__})")
        return
    if after is not None:
        yield from _migrations(name, before.migrations if before else {}, after.migrations, construct)
    if both and (before is None or after is None):
        yield Finding(Part.CODE, f"{name} changed", construct, told)
        yield Finding(Part.UNKNOWN, f"what changed in {name}: its packages are not at hand")
    elif change.before is None:
        size = f", {_mib(after.size)}" if after else ""
        yield Finding(Part.CODE, f"{name} is new{size}", construct, told)
    elif change.after is None:
        yield Finding(Part.CODE, f"{name} is gone", construct, told)
    elif before is not None and after is not None:
        yield Finding(Part.CODE, f"{name}: {_difference(before, after)}", construct, told)


def _migrations(
    name: str, before: Mapping[str, str], after: Mapping[str, str], construct: str
) -> Iterator[Finding]:
    """A deployment calls the function that runs them."""
    written = {path: text for path, text in after.items() if before.get(path) != text}
    if written:
        texts = [
            f"{'changed' if path in before else 'added'} `{PurePosixPath(path).name}`" for path in written
        ]
        text = f"{name} **migrates the database** when this is deployed: {', '.join(texts)}"
        yield Finding(Part.CODE, text, construct)
    for path, text in written.items():
        if found := sorted({" ".join(one.split()) for one in _LOSES_DATA.findall(text)}):
            what = ", ".join(f"`{one}`" for one in found)
            loses = f"{name}: the migration `{PurePosixPath(path).name}` may lose data: {what}"
            yield Finding(Part.DATA, loses, construct)


def _file(stack: Stack, block: Mapping[str, object] | None) -> Path | None:
    if block is None or stack.packages is None:
        return None
    return stack.packages / PurePosixPath(str(block.get("source", ""))).name


def _difference(before: Package, after: Package) -> str:
    size = (
        f"{_mib(before.size)} → {_mib(after.size)}"
        if _mib(before.size) != _mib(after.size)
        else f"{after.size - before.size:+,} bytes"
    )
    versions = [{name: about.version for name, about in one.distributions.items()} for one in (before, after)]
    others = {name for name in {*versions[0], *versions[1]} if versions[0].get(name) != versions[1].get(name)}
    upgraded = [
        f"`{name}` {versions[0][name]} → {versions[1][name]}"
        for name in sorted(others)
        if name in versions[0] and name in versions[1]
    ]
    # What another version brings along, it says by itself.
    brought = _names(before, others) | _names(after, others) | ({FILE} if others else set())
    files = [
        {path: checksum for path, checksum in one.files.items() if _top(path) not in brought}
        for one in (before, after)
    ]
    edited = [path for path, checksum in files[0].items() if files[1].get(path, checksum) != checksum]
    parts = _sets(*versions)
    parts += [f"upgraded {', '.join(upgraded)}"] if upgraded else []
    parts += _sets(*(dict.fromkeys(one, "") for one in files))
    parts += [f"changed {_listed(sorted(edited))}"] if edited else []
    return f"{size}; {'; '.join(parts) or 'only its byte code changed'}"


def _names(package: Package, distributions: Collection[str]) -> set[str]:
    """The names in a layer's folder of what belongs to the distributions, as `_top` has them."""
    found = {name: about for name, about in package.distributions.items() if name in distributions}
    return {name.replace("-", "_") for name in found} | {
        module for about in found.values() for module in about.modules
    }


def _top(path: str) -> str:
    """As `numpy` of `python/numpy/core.py`, `python/numpy.libs/x.so` and `python/numpy-2.4.dist-info/…`."""
    folder, _, rest = path.partition("/")
    name = rest.partition("/")[0]
    return name if folder != "python" or name == FILE else re.split(r"[.-]", name)[0]


def _sets(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    parts = []
    for verb, some, others in (("added", after, before), ("removed", before, after)):
        names = [f"{name} {version}".strip() for name, version in sorted(some.items()) if name not in others]
        if names:
            parts.append(f"{verb} {_listed(names)}")
    return parts


def _listed(names: list[str]) -> str:
    first = ", ".join(f"`{name}`" for name in names[:8])
    return f"{first} and {len(names) - 8} more" if len(names) > 8 else first


def _mib(size: int) -> str:
    return f"{size / 2**20:.1f} MiB" if size >= 2**20 else f"{size / 2**10:.1f} KiB"
