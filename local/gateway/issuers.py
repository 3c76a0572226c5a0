"""Who signs tokens: discovery documents and key sets, read and kept as API Gateway does."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp

from local.gateway.errors import GatewayError

# AWS's quotas of HTTP APIs.
_TIMEOUT_SECONDS = 1.5
_MAX_BYTES = 150_000
KEYS_KEPT_SECONDS = 2 * 60 * 60
# How often a token of an unknown key may make us ask for the keys.
REFETCH_SECONDS = 60


class KeysError(Exception):
    """There is no key for a token; the text says why."""


class _KeySet:
    def __init__(self, url: str) -> None:
        self.url = url
        self.keys: Mapping[str, Mapping[str, Any]] = {}
        self.fetched: float | None = None
        self.asked: float | None = None
        self.lock = asyncio.Lock()


class Issuers:
    """The keys of all issuers. An issuer's own address can be replaced by one of this machine."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        addresses: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`addresses`: an issuer, as the tokens name it, and where it is really asked."""
        self._session = session
        self._addresses = {issuer.rstrip("/"): address.rstrip("/") for issuer, address in addresses.items()}
        self._clock = clock
        self._sets: dict[str, _KeySet] = {}

    async def discover(self, issuer: str) -> None:
        """Read the issuer's discovery document, once, as AWS does when an authorizer is made.

        Raises GatewayError if there is none, or it is not the issuer's.
        """
        if issuer in self._sets:
            return
        url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        hint = f"give its address on this machine with --issuer-address {issuer}=http://127.0.0.1:<port>"
        try:
            document = await self._read(url)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise GatewayError(
                f"issuer {issuer}: {url} gives no discovery document ({type(error).__name__}); {hint}"
            ) from None
        keys = document.get("jwks_uri") if isinstance(document, dict) else None
        if not isinstance(keys, str) or document.get("issuer") != issuer:
            raise GatewayError(f"issuer {issuer}: its discovery document has another issuer, or no jwks_uri")
        if self._address(keys) == keys and not keys.startswith("https://"):
            raise GatewayError(f"issuer {issuer}: its jwks_uri is not https")
        self._sets[issuer] = _KeySet(keys)

    async def key(self, issuer: str, kid: str) -> Mapping[str, Any]:
        """The key of that id, as a JWK. Raises KeysError if there is none to be had."""
        keys = self._sets[issuer]
        async with keys.lock:
            now = self._clock()
            stale = keys.fetched is None or now - keys.fetched >= KEYS_KEPT_SECONDS
            unknown = kid not in keys.keys and (keys.asked is None or now - keys.asked >= REFETCH_SECONDS)
            if stale or unknown:
                keys.asked = now
                try:
                    keys.keys = _by_id(await self._read(keys.url))
                    keys.fetched = now
                except (aiohttp.ClientError, TimeoutError, ValueError):
                    if stale:
                        raise KeysError("JWKS communication error") from None
        if kid not in keys.keys:
            raise KeysError("kid does not match any key of the issuer")
        return keys.keys[kid]

    def _address(self, url: str) -> str:
        for issuer, address in self._addresses.items():
            if url == issuer or url.startswith(f"{issuer}/"):
                return address + url.removeprefix(issuer)
        return url

    async def _read(self, url: str) -> Any:
        async with self._session.get(
            self._address(url), timeout=aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS), allow_redirects=False
        ) as answer:
            if answer.status != 200:
                raise ValueError(f"status {answer.status}")
            text = await answer.content.read(_MAX_BYTES + 1)
            while len(text) <= _MAX_BYTES and (more := await answer.content.read(_MAX_BYTES)):
                text += more
            if len(text) > _MAX_BYTES:
                raise ValueError("too long")
            return json.loads(text)


def _by_id(document: Any) -> dict[str, Mapping[str, Any]]:
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise ValueError("no key set")  # noqa: TRY004 - who asked takes any ValueError for no answer
    found: dict[str, Mapping[str, Any]] = {}
    for key in document["keys"]:
        if isinstance(key, dict) and isinstance(key.get("kid"), str):
            if key["kid"] in found:
                raise ValueError("two keys of one id")
            found[key["kid"]] = key
    return found
