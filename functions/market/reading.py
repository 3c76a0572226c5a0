"""The cache in an answer to a request: where it cannot give what is asked of it, that is a 503."""

from collections.abc import Iterator
from contextlib import contextmanager

from functions.market.cache import Cache, CacheEmptyError
from functions.market.objects import StorageError
from functions.runtime.errors import UnavailableError
from functions.runtime.log import log


@contextmanager
def answering(cache: Cache) -> Iterator[Cache]:
    """Raises UnavailableError for StorageError and CacheEmptyError."""
    try:
        yield cache
    except StorageError as error:
        log.error("the cache cannot be used", extra={"reason": str(error)})
        raise UnavailableError("The cache does not answer at the moment.") from error
    except CacheEmptyError:
        raise UnavailableError("Nothing has been ingested yet.", retry_after_s=60) from None
