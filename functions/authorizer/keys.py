"""The team's public keys: fetched when needed, kept while the key server does not answer."""

import time
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

from functions.authorizer.claims import ALGORITHM
from functions.authorizer.encoding import AmbiguousError, decode_base64url, parse_object
from functions.authorizer.fetch import FetchError

# A key that Cloudflare takes back is refused from then on; its own rotation overlaps for a week.
REFRESH_SECONDS = 3600
# An unknown key may be a new one, or made up by whoever wants to keep us busy.
RETRY_SECONDS = 60
# Without any key nobody is let in, so that it is worth asking again sooner.
FIRST_RETRY_SECONDS = 5
# Cloudflare's have 2,048 bits. Beyond 4,096, checking a signature costs more than it is worth.
_KEY_BITS = range(2048, 4097)


class KeysError(Exception):
    """The key server's answer holds no key that can be used."""


class Keys:
    """Keys by their id. Not for several threads: an execution environment has one request at a time."""

    def __init__(
        self,
        fetch: Callable[[], bytes],
        *,
        failed: Callable[[Exception], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`fetch` asks the key server, or raises FetchError; `failed` is told why there are no new keys."""
        self._fetch = fetch
        self._failed = failed
        self._clock = clock
        self._keys: dict[str, RSAPublicKey] = {}
        self._fetched = self._asked = float("-inf")

    def find(self, key_id: str) -> RSAPublicKey | None:
        """The key of that id, or None. Asks the key server at most once a minute if it has keys."""
        now = self._clock()
        wait = RETRY_SECONDS if self._keys else FIRST_RETRY_SECONDS
        wanted = key_id not in self._keys or now - self._fetched >= REFRESH_SECONDS
        if wanted and now - self._asked >= wait:
            self._asked = now
            self._refresh(now)
        return self._keys.get(key_id)

    def _refresh(self, now: float) -> None:
        try:
            self._keys = parse_keys(self._fetch())
        except (FetchError, KeysError) as error:
            self._failed(error)
        else:
            self._fetched = now


def parse_keys(answer: bytes) -> dict[str, RSAPublicKey]:
    """The RS256 keys of a JSON Web Key Set, by id. What else is in it is left out. Raises KeysError."""
    try:
        entries = parse_object(answer).get("keys")
    except AmbiguousError as error:
        raise KeysError(f"the key server's answer is {error}") from None
    if not isinstance(entries, list):
        raise KeysError("the key server's answer has no list of keys")
    found: dict[str, RSAPublicKey] = {}
    twice = set()
    for entry in entries:
        match entry:
            case {"kty": "RSA", "kid": str(key_id), "n": str(modulus), "e": str(exponent)} if key_id:
                key = _key(entry, modulus, exponent)
                if key_id in found:
                    twice.add(key_id)
                elif key is not None:
                    found[key_id] = key
    # Which of two is meant nobody can say.
    usable = {key_id: key for key_id, key in found.items() if key_id not in twice}
    if not usable:
        raise KeysError(f"the key server's answer has no key for {ALGORITHM}")
    return usable


def _key(entry: dict[str, Any], modulus: str, exponent: str) -> RSAPublicKey | None:
    if entry.get("alg", ALGORITHM) != ALGORITHM or entry.get("use", "sig") != "sig":
        return None
    try:
        n, e = (int.from_bytes(decode_base64url(number)) for number in (modulus, exponent))
        # Built of its public numbers, whatever else stands beside them.
        return RSAPublicNumbers(e, n).public_key() if n.bit_length() in _KEY_BITS else None
    except ValueError:
        return None
