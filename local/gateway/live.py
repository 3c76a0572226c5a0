"""The routing table of the API as it is deployed now, not as it was at the start."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp

from local.aws.api_revision import REVISION_PATH
from local.gateway.description import Deployed
from local.gateway.errors import GatewayError, NotEmulatedError
from local.gateway.table import RoutingTable, routing_table

_TIMEOUT = aiohttp.ClientTimeout(total=5)


class UnreachableError(GatewayError):
    """The embedded AWS does not say whether anything was changed."""


class LiveTable:
    """Reads the API again when the embedded AWS says that one was changed, so the next request goes by it."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        endpoint: str,
        deployed: Deployed,
        prepare: Callable[[RoutingTable], Awaitable[None]],
    ) -> None:
        """`prepare` is awaited before a new table is used; a GatewayError of its is the table's."""
        self._session = session
        self._url = endpoint.rstrip("/") + REVISION_PATH
        self._deployed = deployed
        self._prepare = prepare
        self._lock = asyncio.Lock()
        self._seen = ""
        self._table: RoutingTable | None = None
        self._refusal: NotEmulatedError | None = None

    async def table(self) -> RoutingTable:
        """The table as of now. Raises NotEmulatedError or GatewayError: then nothing may be served."""
        revision = await self._revision()
        if revision != self._seen:
            async with self._lock:
                if revision != self._seen:
                    await self._read(revision)
        if self._refusal is not None:
            raise self._refusal
        assert self._table is not None
        return self._table

    async def _read(self, revision: str) -> None:
        # Asked before it was read, the revision is never newer than the table.
        try:
            table = routing_table(await asyncio.to_thread(self._deployed.read))
            await self._prepare(table)
        except NotEmulatedError as refusal:
            # It stays refused until it is changed again. Other errors may pass: the next request tries anew.
            self._refusal = refusal
            self._seen = revision
            return
        self._table, self._refusal, self._seen = table, None, revision

    async def _revision(self) -> str:
        try:
            async with self._session.get(self._url, timeout=_TIMEOUT) as answer:
                text = await answer.text()
                if answer.status == 200 and text:
                    return text
        except (aiohttp.ClientError, TimeoutError, UnicodeDecodeError) as error:
            raise UnreachableError(f"{self._url} does not answer ({type(error).__name__})") from None
        raise UnreachableError(
            f"{self._url} answers {answer.status}: it is no embedded AWS that says when its APIs change"
        )
