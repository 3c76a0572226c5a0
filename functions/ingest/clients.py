"""The providers and their clients, as the variables and the secret say."""

from collections.abc import Callable, Mapping, Sequence
from threading import Event
from typing import Annotated

import httpx
from pydantic import BaseModel, Field

from functions.ingest.http_client import HttpClient, RateLimit
from functions.ingest.polygon import Polygon
from functions.ingest.provider import Provider
from functions.ingest.tiingo import Tiingo
from functions.runtime.variables import Variables


class Settings(Variables):
    """The ingest's variables. The share is of tickers: if more of them fail, the run does."""

    aws_s3_bucket: str
    api_keys_arn: str
    tiingo_url: str
    polygon_url: str
    ingest_requests_per_hour: Annotated[int, Field(gt=0)]
    ingest_concurrency: Annotated[int, Field(gt=0, le=32)]
    ingest_failure_share: Annotated[float, Field(ge=0, le=1)]


class Keys(BaseModel):
    """The providers' keys, as the secret has them."""

    TIINGO_API_KEY: Annotated[str, Field(min_length=1)]
    POLYGON_API_KEY: Annotated[str, Field(min_length=1)]


class Clients:
    """Makes the providers over one pool of connections, and counts their requests.

    `keys` is called when they are made, `remaining` is HttpClient's.
    """

    def __init__(
        self, settings: Settings, keys: Callable[[], Keys], http: httpx.Client, remaining: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._http = http
        self._remaining = remaining
        self._clients: dict[str, HttpClient] = {}

    def providers(
        self, used: Mapping[str, int], waits: Mapping[str, float], stop: Event
    ) -> Sequence[Provider]:
        """In the order in which they are asked.

        By name, `used` are each one's RateLimit's, `waits` its HttpClient's; `stop` ends all waiting.
        """

        def client(name: str) -> HttpClient:
            limit = RateLimit(self._settings.ingest_requests_per_hour, used=used.get(name, 0))
            self._clients[name] = HttpClient(
                self._http, limit, self._remaining, stop, wait=waits.get(name, 0)
            )
            return self._clients[name]

        keys = self._keys()
        return [
            Tiingo(client(Tiingo.name), self._settings.tiingo_url, keys.TIINGO_API_KEY),
            Polygon(client(Polygon.name), self._settings.polygon_url, keys.POLYGON_API_KEY),
        ]

    def sent(self) -> dict[str, int]:
        """How many requests each was sent."""
        return {name: client.requests for name, client in self._clients.items()}

    def waits(self) -> dict[str, float]:
        """For how many seconds from now those want no request that said so."""
        return {name: client.wait for name, client in self._clients.items() if client.wait}
