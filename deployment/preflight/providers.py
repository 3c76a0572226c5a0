"""The market data providers' keys: one cheap question each."""

from collections.abc import Mapping
from functools import partial

from deployment.preflight.checks import Check, ProblemError, UnknownError
from deployment.preflight.web import ask


def provider_checks(variables: Mapping[str, str], *, tiingo: str, polygon: str) -> list[Check]:
    """`tiingo` and `polygon` are where the ingest asks them."""
    test = partial(_key, variables, "TF_VAR_tiingo_api_key", f"{tiingo}/api/test", "Token")
    status = partial(_key, variables, "TF_VAR_polygon_api_key", f"{polygon}/v1/marketstatus/now", "Bearer")
    return [Check("Tiingo key", test), Check("Polygon key", status)]


def _key(variables: Mapping[str, str], name: str, url: str, scheme: str) -> str:
    key = variables.get(name, "").strip()
    if not key:
        raise ProblemError(f"{name} is not set: take it from your account there")
    if not key.isascii() or not key.isprintable():
        raise ProblemError(f"{name} holds what no key has: copy it again")
    status, _ = ask(url, {"Authorization": f"{scheme} {key}"})
    match status:
        case 200:
            return "accepted"
        case 401 | 403:
            raise ProblemError(f"{url} refuses {name} ({status}): take it from your account there again")
        case 429:
            raise UnknownError(f"{url} has had too many requests of this key: try again in an hour")
        case _:
            raise UnknownError(f"{url} answers {status}: try again")
