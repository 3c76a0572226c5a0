"""The cache in an answer to a request: where it cannot give what is asked of it, that is a 503."""

from collections.abc import Iterator
from contextlib import contextmanager

from functions.market.cache import Cache, CacheEmptyError, LostTickersError
from functions.market.manifest import UnknownSchemaError, UnreadableError
from functions.market.objects import Objects, Patience, StorageError
from functions.runtime.errors import UnavailableError
from functions.runtime.log import log

# The last attempt begins before the 8 s are over and waits for 5 s at most (2 to connect, 3 to read): the
# answer is still ours, as a function behind the API has 29 s.
REQUEST_PATIENCE = Patience(read_seconds=3, seconds=8)


def cache_of(bucket: str) -> Cache:
    """The bucket's cache, for requests."""
    return Cache(Objects(bucket, patience=REQUEST_PATIENCE))


@contextmanager
def answering(cache: Cache) -> Iterator[Cache]:
    """One request. Raises UnavailableError for StorageError, UnreadableError and CacheEmptyError.

    Of LostTickersError it names the tickers: a request without them has an answer.
    """
    cache.objects.begin()
    try:
        yield cache
    except LostTickersError as error:
        log.error("the cache has lost tickers", extra={"reason": str(error)})
        message = f"The cache has lost prices until an ingest brings them again: {error.named}."
        raise UnavailableError(message, retry_after_s=60) from error
    except StorageError as error:
        log.error("the cache cannot be used", extra={"reason": str(error)})
        raise UnavailableError("The cache does not answer at the moment.") from error
    except UnknownSchemaError as error:
        log.error("the cache cannot be read", extra={"reason": str(error)})
        raise UnavailableError(
            "The cache was written for another version of this code.", retry_after_s=60
        ) from error
    except UnreadableError as error:
        log.error("the cache cannot be read", extra={"reason": str(error)})
        message = "The cache cannot be read until an ingest has written it again."
        raise UnavailableError(message, retry_after_s=60) from error
    except CacheEmptyError:
        raise UnavailableError("Nothing has been ingested yet.", retry_after_s=60) from None
