"""Deployed archives on disk, each unpacked and compiled once."""

import compileall
import hashlib
import io
import py_compile
import shutil
import sys
import zipfile
from pathlib import Path
from threading import Lock

from local.aws.functions.invocation import RefusedError


class Unpacked:
    """A folder of archives by content, shared by all execution environments."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()

    def folder_of(self, content: bytes) -> Path:
        """Where the archive's files are. Raises RefusedError if it is no zip archive."""
        folder = self._folder / hashlib.sha256(content).hexdigest()
        with self._lock:
            if not folder.exists():
                self._unpack(content, folder)
        return folder

    def _unpack(self, content: bytes, folder: Path) -> None:
        # Renamed when it is whole: an interrupted one must not be taken for done.
        partial = folder.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                archive.extractall(partial)
        except (zipfile.BadZipFile, OSError) as error:
            raise RefusedError(
                502, "InvalidZipFileException", f"The package is not a zip archive: {error}"
            ) from error
        # What was deployed is 3.13's byte code. Another Python gets its own, or compiles at each cold start.
        if not any(partial.rglob(f"__pycache__/*.{sys.implementation.cache_tag}.pyc")):
            compileall.compile_dir(
                partial, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
            )
        partial.rename(folder)
