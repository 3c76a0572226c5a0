"""A real database over TLS, and what is wrong with others."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from deployment.preflight.__main__ import report
from deployment.preflight.checks import Check
from deployment.preflight.database import database
from local.postgres.server import Postgres
from tests.deployment.preflight.outside import outcome

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    folder = Path(tempfile.mkdtemp(prefix="parakeet-test-"))
    folder.chmod(0o711)
    with Postgres(folder / "postgres") as postgres:
        yield postgres
    shutil.rmtree(folder)


def shell(postgres: Postgres, **changes: str) -> dict[str, str]:
    return {
        "TF_VAR_neon_database_url": postgres.url(sslmode="verify-full"),
        "TF_VAR_db_username": postgres.user,
        "TF_VAR_db_password": postgres.password,
        "TF_VAR_db_host": "localhost",
    } | changes


def asked(variables: Mapping[str, str]) -> tuple[str, str]:
    return outcome([Check("database", partial(database, variables))], "database")


def test_a_database_over_tls_is_ok_however_its_url_is_written(postgres: Postgres) -> None:
    assert asked(shell(postgres)) == ("ok", "PostgreSQL 18, over TLS")
    url = postgres.url(sslmode="verify-full")
    other = url.replace("postgresql://", "postgresql+asyncpg://").replace("sslmode=", "ssl=")
    assert asked(shell(postgres, TF_VAR_neon_database_url=other)) == ("ok", "PostgreSQL 18, over TLS")


def test_a_wrong_password_is_a_problem_that_is_not_quoted(
    postgres: Postgres, capsys: pytest.CaptureFixture[str]
) -> None:
    url = postgres.url().replace(postgres.password, "wrong-password")
    wrong = shell(postgres, TF_VAR_neon_database_url=url, TF_VAR_db_password="wrong-password")
    assert report([Check("database", partial(database, wrong))], wrong) == 1
    said = capsys.readouterr().out
    assert "password authentication failed: take user and password" in said
    assert not [secret for secret in ("wrong-password", postgres.user) if secret in said.replace("neon", "")]


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("TF_VAR_db_host", "elsewhere", "TF_VAR_db_host is not the hostname"),
        ("TF_VAR_db_username", "somebody", "TF_VAR_db_username is not the username"),
        ("TF_VAR_db_password", "other", "TF_VAR_db_password is not the password"),
        ("TF_VAR_db_host", " ", "TF_VAR_db_host not set"),
        ("TF_VAR_neon_database_url", "postgresql://a:b@localhost/db", "has to be postgresql://"),
        ("TF_VAR_neon_database_url", "postgresql://a:b@localhost/db?sslmode=prefer", "has to be"),
        ("TF_VAR_neon_database_url", "postgresql://a:b@h/db?sslmode=require&ssl=disable", "has to be"),
        ("TF_VAR_neon_database_url", "mysql://a:b@localhost/db?sslmode=require", "has to be"),
        ("TF_VAR_neon_database_url", "postgresql://a:b@h:port/db?sslmode=require", "is no URL"),
    ],
)
def test_parts_that_do_not_belong_together_or_lack_tls_are_a_problem(
    postgres: Postgres, name: str, given: str, told: str
) -> None:
    verdict, text = asked(shell(postgres, **{name: given}))
    assert (verdict, told in text) == ("problem", True), text


def test_neons_pooler_and_the_database_behind_it_belong_together(postgres: Postgres) -> None:
    url = "postgresql://a:b@ep-cool-1-pooler.eu.invalid/db?sslmode=require"
    host, user = "ep-cool-1.eu.invalid", "a"
    given = shell(
        postgres,
        TF_VAR_neon_database_url=url,
        TF_VAR_db_host=host,
        TF_VAR_db_username=user,
        TF_VAR_db_password="b",
    )
    _, text = asked(given)
    assert "is not the" not in text


def test_a_database_that_is_down_or_that_nobody_vouches_for_is_told_apart(postgres: Postgres) -> None:
    unvouched = postgres.url().partition("&sslrootcert")[0]
    for more in ("", "&sslrootcert=system"):
        verdict, text = asked(shell(postgres, TF_VAR_neon_database_url=unvouched + more))
        assert (verdict, "certificate verify failed" in text) == ("problem", True), text
    postgres.refuse()
    try:
        assert asked(shell(postgres))[0] == "could not tell"
    finally:
        postgres.accept()
