"""Reproducible zip archives of the functions' code and of layers."""

import base64
import hashlib
import io
import stat
import uuid
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
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


@dataclass(frozen=True)
class Archive:
    """A zip of source files: same sources, same bytes, on any machine and at any time."""

    name: str
    content: bytes = field(repr=False)
    unzipped_size: int
    """In bytes."""

    @classmethod
    def holding(cls, name: str, contents: Mapping[str, bytes]) -> "Archive":
        """Of files with these contents, by their paths in the archive."""
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
            content = file if isinstance(file, bytes) else file.read_bytes()
            archive.writestr(entry, content, zipfile.ZIP_STORED)
