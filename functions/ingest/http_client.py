"""GET requests to a provider: connections kept, paced, tried again where that can help."""

import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from threading import Event, Lock
from typing import Any

import httpx
from pydantic_core import from_json

from functions.ingest.provider import OutOfTimeError, ProviderError, UnknownTickerError, WrongKeyError

TIMEOUT_SECONDS = 10
RETRIES = 3
FIRST_WAIT_SECONDS = 1
LONGEST_WAIT_SECONDS = 10
# A provider that wants longer is as good as down: until then it fails without being asked.
LONGEST_RETRY_AFTER_SECONDS = 60
# Nobody knows what it is worth to wait for longer, and a report's times end in the year 9999.
LONGEST_SECONDS = 86_400
# Twenty years of a ticker are 2 MB.
LARGEST_BYTES = 32 * 1024 * 1024


class RateLimit:
    """So many requests in any hour of a run, all at once if need be.

    `used` are those of the run's earlier invocations that still count. This one's count until it ends, as it
    is shorter than an hour. Not covered: another run within the hour, and what an invocation sent that was
    killed.
    """

    def __init__(self, per_hour: int, *, used: int = 0) -> None:
        self._left = per_hour - used
        self._lock = Lock()

    def take(self) -> None:
        """Take one request's place. Raises OutOfTimeError where there is none: no wait here would help."""
        with self._lock:
            if self._left <= 0:
                raise OutOfTimeError
            self._left -= 1


class HttpClient:
    """For one provider, safe for threads. `remaining` says for how many seconds it may still be asked.

    `wait` are the seconds for which the provider has said that it wants no request.
    """

    def __init__(
        self,
        client: httpx.Client,
        limit: RateLimit,
        remaining: Callable[[], float],
        stop: Event,
        *,
        wait: float = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._limit = limit
        self._remaining = remaining
        self._stop = stop
        self._clock = clock
        # The provider wants no request before: not one ticker's, anybody's.
        self._not_before = clock() + wait
        self._lock = Lock()
        self.requests = 0

    @property
    def wait(self) -> float:
        """For how many seconds from now the provider wants no request."""
        return max(0.0, self._not_before - self._clock())

    def get(self, url: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Any:
        """The JSON of an answer.

        Raises UnknownTickerError for 404, WrongKeyError for 401 and 403, ProviderError for what stays wrong,
        and OutOfTimeError.
        """
        problem, backoff = "", 0.0
        for attempt in range(1 + RETRIES):
            if attempt:
                most = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
                backoff = most * random.uniform(0.5, 1)  # noqa: S311 - to spread, not to hide
            self._take_turn(backoff)
            problem, content = self._once(url, query, headers)
            if not problem:
                try:
                    # The same floats as json.loads, in six tenths of its time.
                    return from_json(content)
                except ValueError:
                    problem = "its answer is not whole JSON"
        raise ProviderError(f"{problem}, {1 + RETRIES} times")

    def _once(self, url: str, query: Mapping[str, str], headers: Mapping[str, str]) -> tuple[str, bytes]:
        """What is wrong and may pass, and the content."""
        content = bytearray()
        until = self._clock() + TIMEOUT_SECONDS
        try:
            with self._client.stream("GET", url, params=query, headers=headers) as answer:
                if problem := _problem(answer):
                    self._leave_alone(_retry_after(answer))
                    return problem, b""
                for chunk in answer.iter_bytes():
                    content += chunk
                    if len(content) > LARGEST_BYTES:
                        raise ProviderError(f"its answer is larger than {LARGEST_BYTES} bytes")
                    if self._clock() > until:
                        return f"its answer takes longer than {TIMEOUT_SECONDS} s", b""
        except httpx.TimeoutException:
            return f"it does not answer within {TIMEOUT_SECONDS} s", b""
        except (httpx.TransportError, httpx.DecodingError) as error:
            return f"the connection fails ({type(error).__name__})", b""
        return "", bytes(content)

    def _leave_alone(self, seconds: float) -> None:
        with self._lock:
            self._not_before = max(self._not_before, self._clock() + seconds)

    def _take_turn(self, backoff: float) -> None:
        at = self._clock() + backoff
        # Again after each wait: meanwhile another thread may have been told to come later.
        while (wait := max(at, self._not_before) - self._clock()) > 0:
            wanted = self._not_before - self._clock()
            if wanted > LONGEST_RETRY_AFTER_SECONDS:
                raise ProviderError(f"it wants to be left alone for {wanted:.0f} s")
            if wait + TIMEOUT_SECONDS > self._remaining() or self._stop.wait(wait):
                raise OutOfTimeError
        if self._remaining() < TIMEOUT_SECONDS or self._stop.is_set():
            raise OutOfTimeError
        self._limit.take()
        with self._lock:
            self.requests += 1


def _problem(answer: httpx.Response) -> str:
    """What may pass. Raises for what will not."""
    status = answer.status_code
    if status == HTTPStatus.OK:
        return ""
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise WrongKeyError(f"{answer.request.url.host} refuses our key ({status})")
    if status == HTTPStatus.NOT_FOUND:
        raise UnknownTickerError("it does not know this ticker (404)")
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return f"it answers {status}"
    raise ProviderError(f"it answers {status}")


def _retry_after(answer: httpx.Response) -> float:
    """Seconds or a date, RFC 9110, 10.2.3; nothing understood is no wait."""
    said = answer.headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdigit():
        return min(float(said), LONGEST_SECONDS)
    try:
        at = parsedate_to_datetime(said)
        seconds = (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    except (ValueError, OverflowError):
        return 0
    return min(max(0.0, seconds), LONGEST_SECONDS)
