"""Compiles a batch of sources by whichever Python runs it: this process, or Pyodide.

A batch is a line of JSON, `[[name, size], …]`, and then the bytes of all, one after the other.
"""

import importlib.util
import json
import marshal
import warnings
from collections.abc import Iterable, Iterator

HEADER_SIZE = 16
"""Bytes of a `.pyc` file before its code."""

# PEP 552: the source's hash is in the file and nobody compares it. Dates in an archive say nothing, and what
# is deployed never changes.
_UNCHECKED_HASH = (1).to_bytes(4, "little")


def framed(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A batch of these files."""
    pairs = list(files)
    header = json.dumps([[name, len(content)] for name, content in pairs]).encode()
    return b"\n".join((header, b"".join(content for _, content in pairs)))


def unframed(batch: bytes) -> Iterator[tuple[str, bytes]]:
    """The files of a batch, in its order."""
    header, _, contents = batch.partition(b"\n")
    start = 0
    for name, size in json.loads(header):
        yield name, contents[start : start + size]
        start += size


def byte_code(path: str, source: bytes) -> bytes:
    """A `.pyc` file's content; empty if this Python cannot compile the source."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            code = compile(source, path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return b""
    header = importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH + importlib.util.source_hash(source)
    return header + marshal.dumps(code)


def compile_batch(batch: bytes) -> bytes:
    """The byte code of a batch of sources, each under the path that its source has where it runs."""
    return framed((path, byte_code(path, source)) for path, source in unframed(batch))
