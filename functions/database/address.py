"""Where the database is, from the secret's URL, and how it is spoken to."""

import os
from typing import Annotated, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import certifi
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

CONNECT_TIMEOUT_S = 5

_SCHEMES = ("postgresql", "postgres")
_ENCRYPTED = ("require", "verify-ca", "verify-full", "true")
# What Neon's URLs have besides; a driver's own parameters, such as asyncpg's cache sizes, mean nothing here.
_KEPT = ("channel_binding", "options", "target_session_attrs")


class Address(BaseModel):
    """A database as libpq's parameters. Never printed: it holds the password."""

    model_config = ConfigDict(frozen=True)

    host: str
    port: int
    user: str
    password: str = Field(repr=False)
    dbname: str
    others: dict[str, str]

    @property
    def direct(self) -> "Address":
        """Past Neon's pooler, which keeps no session: for migrations."""
        first, dot, rest = self.host.partition(".")
        return self.model_copy(update={"host": first.removesuffix("-pooler") + dot + rest})

    def parameters(self) -> dict[str, Any]:
        """For psycopg's connect. The server's certificate is always verified, whatever the URL asks for."""
        return {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": self.password,
            "dbname": self.dbname,
            "sslmode": "verify-full",
            "sslrootcert": os.environ.get("DATABASE_CA_FILE")
            or self.others.get("sslrootcert")
            or certifi.where(),
            "connect_timeout": CONNECT_TIMEOUT_S,
            "application_name": os.environ.get("POWERTOOLS_SERVICE_NAME", "potential-parakeet"),
            **{name: value for name, value in self.others.items() if name in _KEPT},
        }


def parse(url: str) -> Address:
    """Of `postgresql://user:password@host/name?sslmode=require`, with SQLAlchemy's `+asyncpg` and `ssl=` too.

    Raises PydanticCustomError, whose text has nothing of the URL.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or 5432
        query = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError:
        raise _wrong("a PostgreSQL URL") from None
    if parts.scheme.partition("+")[0] not in _SCHEMES:
        raise _wrong("a URL that begins with postgresql://")
    name = unquote(parts.path.removeprefix("/"))
    if not (parts.hostname and parts.username and parts.password and name):
        raise _wrong("a URL with user, password, host and database")
    if query.pop("sslmode", query.pop("ssl", "")).lower() not in _ENCRYPTED:
        raise _wrong("a URL with sslmode=require or sslmode=verify-full")
    if query.get("sslrootcert") == "system":
        # psycopg brings its own OpenSSL, whose system folder is not there.
        del query["sslrootcert"]
    return Address(
        host=parts.hostname,
        port=port,
        user=unquote(parts.username),
        password=unquote(parts.password),
        dbname=name,
        others=query,
    )


def _parsable(url: str) -> str:
    parse(url)
    return url


class DatabaseSecret(BaseModel):
    """The database secret, as far as it is read."""

    model_config = ConfigDict(hide_input_in_errors=True)

    url: Annotated[str, AfterValidator(_parsable)] = Field(alias="NEON_DATABASE_URL", repr=False)


def _wrong(allowed: str) -> PydanticCustomError:
    return PydanticCustomError("database_url", f"Input should be {allowed}")
