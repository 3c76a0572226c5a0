"""Cloudflare: the team's discovery document, its keys, and the form of the AUD tag."""

import re
from base64 import urlsafe_b64decode
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from config.names import PLACEHOLDER_AUDIENCE
from config.settings import ApiSettings
from deployment.preflight.checks import Check, ProblemError
from deployment.preflight.web import ask

_DISCOVERY = "/.well-known/openid-configuration"


def access_checks(settings: ApiSettings, environment: str, team: str | None = None) -> list[Check]:
    """`team` is where the team answers instead of at its own address."""
    own = team or settings.issuer
    keys = f"{team}{urlsplit(settings.keys_url).path}" if team else settings.keys_url
    if settings.authorizer == "jwt":
        checks = [Check("Access discovery", partial(_discovery, own, settings.issuer))]
    else:
        checks = [Check("Access keys", partial(_keys, keys))]
    return [*checks, Check("Access AUD tag", partial(_audience, settings.access_audience, environment))]


def _discovery(team: str, issuer: str) -> str:
    url = f"{team}{_DISCOVERY}"
    other_way = "correct api.access_team, or set api.authorizer to 'lambda', which does not need the document"
    status, document = ask(url)
    if status != 200 or not isinstance(document, dict):
        raise ProblemError(f"{url} answers {status}, without a document: {other_way}")
    if document.get("issuer") != issuer:
        raise ProblemError(
            f"{url} names another issuer, {document.get('issuer')!r}, than {issuer}: {other_way}"
        )
    keys = document.get("jwks_uri")
    if not isinstance(keys, str) or urlsplit(keys).scheme != "https":
        raise ProblemError(f"{url} names no place for keys, but {keys!r}: {other_way}")
    at_the_team = keys.startswith(f"{issuer}/")
    return f"issuer {issuer}; {_keys(team + keys.removeprefix(issuer) if at_the_team else keys)}"


def _keys(url: str) -> str:
    status, answer = ask(url)
    entries = answer.get("keys") if isinstance(answer, dict) else None
    if status != 200 or not isinstance(entries, list):
        raise ProblemError(
            f"{url} answers {status}, without keys: correct api.access_team or access_keys_url"
        )
    good = [entry for entry in entries if _signs(entry)]
    if not good:
        raise ProblemError(f"{url} has no RSA key of 2,048 bits or more for RS256: ask Cloudflare")
    return f"{len(good)} RS256 keys at {url}"


def _signs(entry: Any) -> bool:
    match entry:
        case {"kty": "RSA", "kid": str(), "n": str(modulus), "e": str()}:
            if entry.get("alg", "RS256") != "RS256" or entry.get("use", "sig") != "sig":
                return False
            try:
                return len(urlsafe_b64decode(modulus + "==")) >= 256
            except ValueError:
                return False
    return False


def _audience(audience: str, environment: str) -> str:
    where = "Zero Trust > Access > Applications > the application > Basic information"
    if audience == PLACEHOLDER_AUDIENCE:
        raise ProblemError(f"config/{environment}.py has none yet: set api.access_audience ({where})")
    if not re.fullmatch(r"[0-9a-f]{64}", audience):
        raise ProblemError(
            f"api.access_audience in config/{environment}.py is {audience!r}, but AUD tags are 64 digits of "
            f"0-9 and a-f: copy it again ({where})"
        )
    return "64 hexadecimal digits; whose application it is only a token can show"
