"""Reproducible zip archives of the functions' code and of layers."""

import base64
import hashlib
import io
import os
import stat
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from config.errors import OneLineError

UNZIPPED_LIMIT = 250 * 1024 * 1024
"""Bytes that a function and its layers may have together, unzipped (Lambda quotas page)."""

# The zip format's earliest date.
_TIMESTAMP = (1980, 1, 1, 0, 0, 0)
# Lambda does not run as the files' owner, so everybody has to be able to read them. The same for every file,
# since a checkout's own bits depend on its umask and file system; executable, for the programs in a layer.
_MODE = stat.S_IFREG | 0o755
_UNIX = 3


class ArchiveError(OneLineError):
    """The sources cannot be put into an archive. The message names the source and what to do."""


def refuse_too_large(what: str, unzipped_size: int) -> None:
    """Raises ArchiveError if Lambda does not take that many bytes."""
    if unzipped_size > UNZIPPED_LIMIT:
        raise ArchiveError(
            f"{what}: {unzipped_size:,} bytes unzipped, but Lambda takes at most {UNZIPPED_LIMIT:,} of a "
            "function and its layers together; leave something out"
        )


@dataclass(frozen=True)
class Archive:
    """A zip of source files: same sources, same bytes, on any machine and at any time."""

    name: str
    content: bytes = field(repr=False)
    unzipped_size: int
    """In bytes."""

    @classmethod
    def of(cls, root: Path, *sources: str | Path, name: str | None = None) -> "Archive":
        """Pack folders and files, each a path below `root` and under that same path in the archive.

        `name` is the first source's own unless given. Byte code and hidden files are left out. For a layer,
        `root` is the folder that holds `python/`, and the source is "python".

        Raises ArchiveError if a source is missing, outside of `root`, empty or a link, or if all together are
        larger than Lambda takes (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
        """
        if not sources:
            raise ArchiveError(f"an archive of {root} needs at least one folder or file in it")
        files = files_in(root, *sources)
        refuse_too_large(
            f"{', '.join(map(str, sources))} in {root}", sum(file.stat().st_size for file in files.values())
        )
        return cls.holding(name or Path(sources[0]).stem, files)

    @classmethod
    def holding(cls, name: str, files: Mapping[str, Path | bytes]) -> "Archive":
        """Of these files, or their content, by their paths in the archive."""
        contents = {path: _content(file) for path, file in files.items()}
        written = io.BytesIO()
        write_zip(written, contents)
        return cls(name, written.getvalue(), sum(map(len, contents.values())))

    @cached_property
    def sha256(self) -> str:
        """In hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def sha256_base64(self) -> str:
        """As in Lambda's CodeSha256 and Terraform's `source_code_hash`."""
        return base64.b64encode(bytes.fromhex(self.sha256)).decode()

    @property
    def version(self) -> str:
        """Short enough for a file's name and a health check."""
        return self.sha256[:12]

    def write(self, directory: Path) -> Path:
        """Write `<name>-<version>.zip` into the directory, which is created if need be, and return its path.

        Others who do the same at the same time never see half a file.
        """
        directory.mkdir(parents=True, exist_ok=True)
        target = directory / f"{self.name}-{self.version}.zip"
        partial = directory / f".{target.name}.{uuid.uuid4().hex}"
        try:
            partial.write_bytes(self.content)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        return target


def files_in(root: Path, *sources: str | Path) -> dict[str, Path]:
    """The files of folders and files below the root, by their paths there. Raises as `Archive.of`."""
    paths = [Path(source) for source in sources]
    for path in paths:
        if path.is_absolute() or ".." in path.parts:
            raise ArchiveError(f"{path} has to be a path below {root}")
    # The root itself may be one: only its name would differ.
    for folder in {parent for path in paths for parent in path.parents} - {Path()}:
        _refuse_link(root / folder)
    return {found: file for path in paths for found, file in _files(root, path)}


def _files(root: Path, source: Path) -> Iterator[tuple[str, Path]]:
    """The source's files by their path in the archive."""
    if not os.path.lexists(root / source):
        raise ArchiveError(f"{source} does not exist in {root}")
    found = False
    for file in _walk(root / source):
        found = True
        yield PurePosixPath(file.relative_to(root)).as_posix(), file
    if not found:
        raise ArchiveError(f"{source} in {root} holds no file for an archive")


def _walk(path: Path) -> Iterator[Path]:
    if path.name.startswith(".") or path.name == "__pycache__" or path.suffix in (".pyc", ".pyo"):
        return
    _refuse_link(path)
    if path.is_dir():
        for entry in path.iterdir():
            yield from _walk(entry)
    elif path.is_file():
        yield path
    else:
        raise ArchiveError(f"{path} is neither a file nor a folder; leave it out")


def _refuse_link(path: Path) -> None:
    # Its target may lie outside of the sources, or differ from one machine to the next.
    if path.is_symlink():
        raise ArchiveError(f"{path} is a symbolic link; put the file itself there")


def write_zip(target: BinaryIO, files: Mapping[str, Path | bytes]) -> None:
    """Write a zip of files, or of their content, by their paths in it: same content, same bytes."""
    with zipfile.ZipFile(target, "w") as archive:
        for path, file in sorted(files.items()):
            entry = zipfile.ZipInfo(path, _TIMESTAMP)
            # ZipInfo takes these from the system it runs on.
            entry.create_system = _UNIX
            entry.external_attr = _MODE << 16
            # Stored, not deflated: some Pythons come with zlib, others with zlib-ng, and these compress the
            # same bytes differently. Lambda limits what is unzipped, so nothing is lost but some room in S3.
            archive.writestr(entry, _content(file), zipfile.ZIP_STORED)


def _content(file: Path | bytes) -> bytes:
    return file if isinstance(file, bytes) else file.read_bytes()
