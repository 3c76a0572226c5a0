"""What the secret may say of where the database is."""

import certifi
import pytest
from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from functions.database.address import DatabaseSecret, parse

PLAIN = "postgresql://user:p%40ss@ep-cool-1.us-east-1.aws.neon.tech/potential_parakeet?sslmode=require"


@pytest.mark.parametrize(
    "url",
    [
        PLAIN,
        PLAIN.replace("postgresql", "postgres"),
        PLAIN.replace("postgresql", "postgresql+asyncpg").replace("sslmode=", "ssl="),
        PLAIN.replace("postgresql", "postgresql+psycopg"),
        PLAIN.replace("=require", "=verify-full"),
        PLAIN.replace("/potential", ":5432/potential"),
        PLAIN + "&sslrootcert=system",
        PLAIN + "&prepared_statement_cache_size=0",
    ],
)
def test_neons_url_and_sqlalchemys_forms_of_it_are_the_same_address(url: str) -> None:
    parameters = parse(url).parameters()
    assert parameters["host"] == "ep-cool-1.us-east-1.aws.neon.tech"
    assert (parameters["port"], parameters["dbname"]) == (5432, "potential_parakeet")
    assert (parameters["user"], parameters["password"]) == ("user", "p@ss")
    assert (parameters["sslmode"], parameters["sslrootcert"]) == ("verify-full", certifi.where())
    assert parameters["connect_timeout"] == 5


def test_what_neon_adds_is_handed_on() -> None:
    assert parse(PLAIN + "&channel_binding=require").parameters()["channel_binding"] == "require"


def test_an_authority_of_ones_own_is_taken_from_the_variable_or_the_url(
    variables: pytest.MonkeyPatch,
) -> None:
    url = PLAIN + "&sslrootcert=/opt/one.pem"
    assert parse(url).parameters()["sslrootcert"] == "/opt/one.pem"
    variables.setenv("DATABASE_CA_FILE", "/opt/other.pem")
    assert parse(url).parameters()["sslrootcert"] == "/opt/other.pem"


def test_migrations_go_past_neons_pooler() -> None:
    pooled = parse(PLAIN.replace("ep-cool-1.", "ep-cool-1-pooler."))
    assert pooled.host == "ep-cool-1-pooler.us-east-1.aws.neon.tech"
    assert pooled.direct.host == "ep-cool-1.us-east-1.aws.neon.tech"
    assert parse(PLAIN).direct == parse(PLAIN)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mysql://user:p%40ss@host/name?sslmode=require",
        "postgresql://host/name?sslmode=require",
        "postgresql://user@host/name?sslmode=require",
        "postgresql://user:p%40ss@host?sslmode=require",
        "postgresql://user:p%40ss@host:port/name?sslmode=require",
        "postgresql://user:p%40ss@host/name",
        "postgresql://user:p%40ss@host/name?sslmode=disable",
        "postgresql://user:p%40ss@host/name?sslmode=prefer",
        "postgresql://user:p%40ss@[host/name?sslmode=require",
    ],
)
def test_what_is_no_encrypted_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(PydanticCustomError) as refused:
        parse(url)
    assert "p%40ss" not in str(refused.value)
    with pytest.raises(ValidationError) as error:
        DatabaseSecret.model_validate({"NEON_DATABASE_URL": url})
    assert "p%40ss" not in str(error.value)


def test_the_password_is_in_no_representation() -> None:
    assert "p@ss" not in repr(parse(PLAIN))
    assert "p%40ss" not in repr(DatabaseSecret.model_validate({"NEON_DATABASE_URL": PLAIN}))
