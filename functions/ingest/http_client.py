"""GET requests to a provider: connections kept, paced, tried again where that can help."""

import json
import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from threading import Event, Lock
from typing import Any

import httpx

from functions.ingest.provider import NoDataError, OutOfTimeError, ProviderError, WrongKeyError

TIMEOUT_SECONDS = 10
RETRIES = 3
FIRST_WAIT_SECONDS = 1
LONGEST_WAIT_SECONDS = 10
# A provider that wants longer is as good as down.
LONGEST_RETRY_AFTER_SECONDS = 60
# Twenty years of a ticker are 2 MB.
LARGEST_BYTES = 32 * 1024 * 1024


class RateLimit:
    """So many requests in any hour of a run: all may be spent at once, and come back evenly.

    `used` requests were made in the run's earlier invocations, which began `age` seconds ago.
    """

    def __init__(
        self, per_hour: int, *, used: int = 0, age: float = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_hour / 3600
        self._most = float(per_hour)
        self._clock = clock
        self._lock = Lock()
        self._at = clock()
        self._left = min(self._most, self._most - used + age * self._per_second)

    def reserve(self) -> float:
        """Take one request's place; the seconds to wait for it."""
        with self._lock:
            now = self._clock()
            self._left = min(self._most, self._left + (now - self._at) * self._per_second)
            self._at = now
            self._left -= 1
            return max(0.0, -self._left / self._per_second)

    def give_back(self) -> None:
        """The place is not used."""
        with self._lock:
            self._left += 1


class HttpClient:
    """For one provider, safe for threads. `remaining` says how many seconds this invocation may still use."""

    def __init__(
        self, client: httpx.Client, limit: RateLimit, remaining: Callable[[], float], stop: Event
    ) -> None:
        self._client = client
        self._limit = limit
        self._remaining = remaining
        self._stop = stop
        self._lock = Lock()
        self.requests = 0

    def get(self, url: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Any:
        """The JSON of an answer.

        Raises NoDataError for 404, WrongKeyError for 401 and 403, ProviderError for what stays wrong, and
        OutOfTimeError.
        """
        problem, wait = "", 0.0
        for attempt in range(1 + RETRIES):
            if attempt:
                backoff = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
                self._wait(max(wait, backoff * random.uniform(0.5, 1)))  # noqa: S311 - to spread, not to hide
            self._take_turn()
            problem, wait, content = self._once(url, query, headers)
            if not problem:
                try:
                    return json.loads(content)
                except ValueError:
                    problem = "its answer is not whole JSON"
            if wait > LONGEST_RETRY_AFTER_SECONDS:
                raise ProviderError(f"{problem}, and it wants {wait:.0f} s to pass")
        raise ProviderError(f"{problem}, {1 + RETRIES} times")

    def _once(
        self, url: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[str, float, bytes]:
        """What is wrong and may pass, how long the provider wants to be left alone, and the content."""
        content = bytearray()
        until = time.monotonic() + TIMEOUT_SECONDS
        try:
            with self._client.stream("GET", url, params=query, headers=headers) as answer:
                if problem := _problem(answer):
                    return problem, _retry_after(answer), b""
                for chunk in answer.iter_bytes():
                    content += chunk
                    if len(content) > LARGEST_BYTES:
                        raise ProviderError(f"its answer is larger than {LARGEST_BYTES} bytes")
                    if time.monotonic() > until:
                        return f"its answer takes longer than {TIMEOUT_SECONDS} s", 0, b""
        except httpx.TimeoutException:
            return f"it does not answer within {TIMEOUT_SECONDS} s", 0, b""
        except (httpx.TransportError, httpx.DecodingError) as error:
            return f"the connection fails ({type(error).__name__})", 0, b""
        return "", 0, bytes(content)

    def _take_turn(self) -> None:
        wait = self._limit.reserve()
        try:
            self._wait(wait)
        except OutOfTimeError:
            self._limit.give_back()
            raise
        with self._lock:
            self.requests += 1

    def _wait(self, seconds: float) -> None:
        if seconds + TIMEOUT_SECONDS > self._remaining() or self._stop.wait(seconds):
            raise OutOfTimeError


def _problem(answer: httpx.Response) -> str:
    """What may pass. Raises for what will not."""
    status = answer.status_code
    if status == HTTPStatus.OK:
        return ""
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise WrongKeyError(f"{answer.request.url.host} refuses our key ({status})")
    if status == HTTPStatus.NOT_FOUND:
        raise NoDataError("it does not know this ticker (404)")
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return f"it answers {status}"
    raise ProviderError(f"it answers {status}")


def _retry_after(answer: httpx.Response) -> float:
    """Seconds or a date, RFC 9110, 10.2.3; nothing understood is no wait."""
    said = answer.headers.get("Retry-After", "").strip()
    if said.isdigit():
        return float(said)
    try:
        at = parsedate_to_datetime(said)
    except ValueError:
        return 0
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
