"""From a token's text to whom it names: claims first, then the key, then the signature.

What has to be known before a key may be fetched leaves one call to verify with. PyJWT would make the same one
after importing all of cryptography: 50 to 70 ms of CPU in every cold start.
"""

from collections.abc import Callable, Mapping
from functools import partial

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from functions.authorizer.claims import DeniedError, Expected, read
from functions.authorizer.fetch import fetch, require_safe
from functions.authorizer.keys import Keys

# The API's callers wait meanwhile. Lambda must not end the function first, or the old keys go with it.
_FETCH_SECONDS = 3
# Cloudflare's answer has about 6 kB: the keys, and certificates of the same.
_LARGEST_ANSWER = 65_536


class SettingsError(Exception):
    """A variable is missing or wrong; the text names it."""


class Verifier:
    """Verifies tokens of one issuer for one application."""

    def __init__(self, expected: Expected, keys: Keys) -> None:
        self._expected = expected
        self._keys = keys

    def verify(self, text: object, now: float) -> dict[str, str]:
        """`email` or `common_name`, and `sub`, of a token that holds at `now`. Raises DeniedError.

        The key server is asked only for a token that is in order but for its signature.
        """
        token = read(text, self._expected, now)
        key = self._keys.find(token.key_id)
        if key is None:
            raise DeniedError("signed with a key that is not the team's")
        try:
            # RS256 whatever the token says (RFC 7518, 3.3).
            key.verify(token.signature, token.signed, PKCS1v15(), SHA256())
        except InvalidSignature:
            raise DeniedError("signature does not fit") from None
        return token.identity


def verifier_from(variables: Mapping[str, str], *, failed: Callable[[Exception], None]) -> Verifier:
    """From ACCESS_ISSUER, ACCESS_KEYS_URL and ACCESS_AUDIENCE. Raises SettingsError."""
    values = {name: variables.get(f"ACCESS_{name}", "") for name in ("ISSUER", "KEYS_URL", "AUDIENCE")}
    missing = [f"ACCESS_{name}" for name, value in values.items() if not value.strip()]
    if missing:
        raise SettingsError(f"not set: {', '.join(missing)}")
    url = values["KEYS_URL"]
    try:
        require_safe(url)
    except ValueError as error:
        raise SettingsError(f"ACCESS_KEYS_URL: {error}") from None
    keys = Keys(partial(fetch, url, seconds=_FETCH_SECONDS, largest=_LARGEST_ANSWER), failed=failed)
    return Verifier(Expected(values["ISSUER"], values["AUDIENCE"]), keys)
