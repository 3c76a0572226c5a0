"""API Gateway's own judgement of a token (a JWT authorizer)."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jwt
from jwt.algorithms import RSAAlgorithm

from local.gateway.answer import refusal
from local.gateway.description import JwtAuthorizer
from local.gateway.identity import identity
from local.gateway.issuers import Issuers, KeysError
from local.gateway.judgement import Denied, Granted
from local.gateway.request import Request

_ALGORITHMS = ("RS256", "RS384", "RS512")
_MIN_KEY_BITS = 2048


class TokenError(Exception):
    """The token is not accepted; the text says why, and holds nothing of it."""


class ScopeError(TokenError):
    """The token is good, but not for this route."""


async def judge(
    authorizer: JwtAuthorizer, scopes: tuple[str, ...], request: Request, issuers: Issuers
) -> Granted | Denied:
    """Whether the request's token is one for this API, and this route. Any doubt is a no."""
    found = identity(authorizer.identity_source[0], request, "")
    token = re.sub(r"^bearer +", "", found or "", flags=re.IGNORECASE).strip()
    if not token:
        return Denied(refusal(401, ("www-authenticate", "Bearer")), "Unauthorized")
    try:
        claims = await verified(authorizer, token, issuers)
        granted_scopes = _granted(claims, scopes)
    except TokenError as error:
        status, code = (
            (403, "insufficient_scope") if isinstance(error, ScopeError) else (401, "invalid_token")
        )
        challenge = f'Bearer scope="{" ".join(scopes)}" error="{code}" error_description="{error}"'
        return Denied(refusal(status, ("www-authenticate", challenge)), str(error))
    texts = {name: _text(value) for name, value in claims.items()}
    return Granted({"jwt": {"claims": texts, "scopes": granted_scopes}}, texts)


async def verified(authorizer: JwtAuthorizer, token: str, issuers: Issuers) -> Mapping[str, Any]:
    """The claims of a token that its issuer signed for the authorizer's audience. Raises TokenError."""
    settings = authorizer.jwt_configuration
    algorithm, kid = _header(token)
    try:
        key = _public_key(await issuers.key(settings.issuer, kid), algorithm)
    except KeysError as error:
        raise TokenError(str(error)) from None
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            issuer=settings.issuer,
            # The audience is judged below, since client_id may stand in for it.
            options={
                "require": ["exp", "iss"],
                "verify_aud": False,
                "verify_sub": False,
                "verify_jti": False,
            },
        )
    except jwt.ExpiredSignatureError:
        raise TokenError("the token has expired") from None
    except jwt.ImmatureSignatureError:
        raise TokenError("the token is not valid yet") from None
    except (jwt.InvalidIssuerError, jwt.MissingRequiredClaimError):
        raise TokenError("the token does not have a valid issuer or expiry") from None
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
        raise TokenError("the token is invalid") from None
    if not _audiences(claims) & set(settings.audience):
        raise TokenError("the token does not have a valid audience")
    return claims


def _header(token: str) -> tuple[str, str]:
    """The signing method and the key's id, as the token itself says: both are checked against the key."""
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise TokenError("the token is malformed") from None
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in _ALGORITHMS:
        raise TokenError("the token's signing method is invalid")
    if "crit" in header or "b64" in header:
        raise TokenError("the token has critical extensions")
    if not isinstance(kid, str):
        raise TokenError("the token has no kid")
    return algorithm, kid


def _public_key(jwk: Mapping[str, Any], algorithm: str) -> Any:
    fits = (
        jwk.get("kty") == "RSA"
        and jwk.get("alg", algorithm) == algorithm
        and jwk.get("use", "sig") == "sig"
        and "verify" in jwk.get("key_ops", ["verify"])
    )
    try:
        key = _rsa_key(jwk["n"], jwk["e"]) if fits else None
    except (jwt.PyJWTError, KeyError, ValueError, TypeError):
        key = None
    if key is None or key.key_size < _MIN_KEY_BITS:
        raise TokenError("the issuer's key is not one for this token")
    return key


@lru_cache(maxsize=64)
def _rsa_key(n: str, e: str) -> Any:
    # Of a key that was published whole, only the public half.
    return RSAAlgorithm.from_jwk({"kty": "RSA", "n": n, "e": e})


def _audiences(claims: Mapping[str, Any]) -> set[str]:
    if "aud" not in claims:
        client = claims.get("client_id")
        return {client} if isinstance(client, str) else set()
    audience = claims["aud"]
    listed = audience if isinstance(audience, list) else [audience]
    return set(listed) if all(isinstance(each, str) for each in listed) else set()


def _granted(claims: Mapping[str, Any], wanted: tuple[str, ...]) -> list[str] | None:
    if not wanted:
        return None
    value = claims.get("scope", claims.get("scp"))
    listed = value.split() if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        listed = []
    if not set(listed) & set(wanted):
        raise ScopeError("the token does not have a valid scope")
    return listed


def _text(value: Any) -> str:
    """A claim as AWS hands it on: always a text, and a list in brackets without commas."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{' '.join(map(_text, value))}]"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{_text(value[key])}' for key in sorted(value))}]"
    return str(value)
