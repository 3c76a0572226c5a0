"""The database: reached over TLS, recent enough, and the same in the URL and in its parts."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import certifi
import psycopg

from deployment.preflight.checks import ProblemError, UnknownError

URL = "TF_VAR_neon_database_url"
_PARTS = {"TF_VAR_db_username": "username", "TF_VAR_db_password": "password", "TF_VAR_db_host": "hostname"}
# PostgreSQL supports a version for five years: 14 ended in November 2026.
_OLDEST = 15
_CONNECT_SECONDS = 8
_ENCRYPTED = {"require", "verify-full"}


def database(variables: Mapping[str, str]) -> str:
    """What is found with the variables that a deployment puts into the database secret."""
    missing = [name for name in (URL, *_PARTS) if not variables.get(name, "").strip()]
    if missing:
        raise ProblemError(f"{', '.join(missing)} not set: take them from Neon's 'Connect'")
    url = _libpq(variables[URL])
    parts = urlsplit(url)
    for name, part in _PARTS.items():
        if _same(unquote(getattr(parts, part) or "")) != _same(variables[name]):
            raise ProblemError(
                f"{name} is not the {part} in {URL}: take both from the same 'Connect' at Neon"
            )
    try:
        connection = psycopg.connect(url, connect_timeout=_CONNECT_SECONDS)
    except psycopg.Error as error:
        raise _refused(str(error)) from None
    with connection:
        version, tls = connection.info.server_version // 10_000, connection.pgconn.ssl_in_use
    if not tls:
        raise ProblemError(f"the connection has no TLS: {URL} needs sslmode=require")
    if version < _OLDEST:
        raise ProblemError(f"PostgreSQL {version} is maintained no longer: upgrade to {_OLDEST} or newer")
    return f"PostgreSQL {version}, over TLS"


def _same(value: str) -> str:
    # Neon's pooler and the database behind it are one, and either may be named.
    return re.sub(r"^(ep-[a-z0-9-]+)-pooler\.", r"\1.", value)


def _libpq(url: str) -> str:
    """The URL as libpq takes it, verified as the functions do; SQLAlchemy's forms are accepted."""
    try:
        parts = urlsplit(re.sub(r"^postgres(ql)?(\+[a-z0-9]+)?://", "postgresql://", url.strip()))
        _ = parts.port
    except ValueError:
        raise ProblemError(f"{URL} is no URL: take it from Neon's 'Connect'") from None
    query = [("sslmode" if name == "ssl" else name, value) for name, value in parse_qsl(parts.query)]
    modes = [value for name, value in query if name == "sslmode"]
    if parts.scheme != "postgresql" or not parts.hostname or len(modes) != 1 or modes[0] not in _ENCRYPTED:
        raise ProblemError(
            f"{URL} has to be postgresql://user:password@host/database?sslmode=require, with one sslmode"
        )
    others = {"sslrootcert": certifi.where(), **dict(query), "sslmode": "verify-full"}
    return parts._replace(query=urlencode(others)).geturl()


def _refused(said: str) -> Exception:
    last = said.strip().splitlines()[-1] if said.strip() else "it says nothing"
    for words, advice in (
        ("password authentication failed", "take user and password from Neon's 'Connect' again"),
        ("does not exist", "make it, or correct the URL"),
        ("certificate verify failed", "sslrootcert has to name the authority of its certificate"),
        ("could not translate host name", "correct the host"),
        ("does not support SSL", "it has to offer TLS"),
    ):
        if words in said:
            return ProblemError(f"{words}: {advice}")
    return UnknownError(f"it cannot be reached: {last}")
