"""The names of callers, in the claims of a token of Cloudflare Access."""

import re
from collections.abc import Mapping
from typing import Any

# The longest e-mail address there is (RFC 3696, erratum 1690).
_LONGEST = 320
# No service may have a person's name, and so that person's idempotency keys. And API Gateway's JWT authorizer
# hands a list on as the text [a b], and an object as map[a:b].
_FORMS = {"email": re.compile(r"[^\[\]]+@[^\[\]]+"), "common_name": re.compile(r"[^@\[\]]+")}


class UnnamedError(ValueError):
    """Claims that do not say who it is. The text holds nothing of them."""


def named(claims: Mapping[str, Any]) -> tuple[str, str]:
    """The claim that names the caller, and the name. Raises UnnamedError.

    A person has an e-mail address. A service token has none, but a common name.
    """
    said = {claim: text(claims, claim) for claim in _FORMS}
    claim = "email" if said["email"] else "common_name"
    if not said[claim]:
        raise UnnamedError("neither email nor common_name")
    if not _FORMS[claim].fullmatch(said[claim]):
        raise UnnamedError(f"{claim} has another form")
    return claim, said[claim]


def text(claims: Mapping[str, Any], claim: str) -> str:
    """What a claim says in one short line; nothing if there is none. Raises UnnamedError."""
    value = claims.get(claim, "")
    if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable():
        raise UnnamedError(f"{claim} is no short printable text")
    if value != value.strip():
        raise UnnamedError(f"{claim} begins or ends with a space")
    return value
