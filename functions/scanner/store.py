"""The latest run of each scanner, an object each."""

from pydantic import ValidationError

from functions.market.layout import SCANS_PREFIX
from functions.market.objects import Objects, StorageError
from functions.runtime import json_text
from functions.runtime.errors import ApiError
from functions.runtime.log import log
from functions.scanner.model import Kept, ScanResult, ScanRun


def save(objects: Objects, run: ScanRun, results: list[ScanResult]) -> None:
    """Replace the scanner's latest run, whole. Raises StorageError."""
    text = json_text.write(Kept(run=run, results=results))
    objects.put(_key(run.scanner), text.encode())


def latest(objects: Objects, scanner: str) -> Kept | None:
    """None if it never ran, or if what it left is of another version of this code: the next run replaces it.

    Raises StorageError, also for what is no JSON.
    """
    content = objects.get(_key(scanner))
    if content is None:
        return None
    try:
        return Kept.model_validate(json_text.read(content.decode()))
    except (ApiError, UnicodeError) as error:
        # Nobody's request is malformed.
        raise StorageError(f"{objects.bucket}/{_key(scanner)} is not JSON") from error
    except ValidationError:
        log.warning("a kept scan is of another version", extra={"key": _key(scanner)})
        return None


def _key(scanner: str) -> str:
    return f"{SCANS_PREFIX}{scanner}.json"
