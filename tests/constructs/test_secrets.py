"""The two secrets, whose values pass through Terraform's variables and rest nowhere."""

from collections.abc import Iterator
from typing import Any

import pytest

from config.environments import PROD
from tests.template import Template, changed, synthesized

VARIABLES = {
    "neon_database_url",
    "db_username",
    "db_password",
    "db_host",
    "tiingo_api_key",
    "polygon_api_key",
}


def texts(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text of a document, with the keys that lead to it."""
    match value:
        case dict():
            for key, part in value.items():
                yield from texts(part, (*path, key))
        case list():
            for part in value:
                yield from texts(part, path)
        case str():
            yield path, value


def test_secrets_have_the_names_that_functions_and_people_know(platform: Template) -> None:
    assert {
        name: secret["name"] for name, secret in platform.resources("aws_secretsmanager_secret").items()
    } == {
        "database": f"potential-parakeet/{platform.environment}",
        "api_keys": f"potential-parakeet/{platform.environment}/api-keys",
    }


def test_secrets_hold_what_functions_read_from_them(platform: Template) -> None:
    written = {
        version["secret_id"]: version["secret_string_wo"]
        for version in platform.resources("aws_secretsmanager_secret_version").values()
    }
    assert written == {
        "${aws_secretsmanager_secret.database.id}": (
            '${jsonencode({"NEON_DATABASE_URL" = var.neon_database_url, "DB_USERNAME" = var.db_username, '
            '"DB_PASSWORD" = var.db_password, "DB_HOST" = var.db_host, '
            '"DB_NAME" = "potential_parakeet", "DB_PORT" = 5432})}'
        ),
        "${aws_secretsmanager_secret.api_keys.id}": (
            '${jsonencode({"TIINGO_API_KEY" = var.tiingo_api_key, "POLYGON_API_KEY" = var.polygon_api_key})}'
        ),
    }


@pytest.mark.parametrize("name", sorted(VARIABLES))
def test_secret_variables_are_ephemeral_sensitive_and_have_no_default(platform: Template, name: str) -> None:
    variable = platform.document["variable"][name]
    assert variable["ephemeral"] is True
    assert variable["sensitive"] is True
    assert variable["nullable"] is False
    assert variable["type"] == "string"
    assert "default" not in variable


def test_every_other_variable_is_no_secret(platform: Template) -> None:
    others = set(platform.document["variable"]) - VARIABLES
    assert others <= {"cloudflare_access_audience", "alert_email"}
    assert set(platform.document["variable"]) >= VARIABLES


def test_secret_variables_are_used_for_nothing_but_the_secrets(platform: Template) -> None:
    used = {
        path[1:3] if path[0] == "resource" else (path[0], path[1])
        for path, text in texts(platform.document)
        if path[0] != "variable" and any(f"var.{name}" in text for name in VARIABLES)
    }
    assert used == {
        ("aws_secretsmanager_secret_version", "database"),
        ("aws_secretsmanager_secret_version", "api_keys"),
    }


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:pass@ep-x.us-east-1.aws.neon.tech/db?sslmode=require",
        "postgresql+asyncpg://user:pass@ep-x.us-east-1.aws.neon.tech/db?sslmode=require",
        "postgres://user:pass@host:5432/db?connect_timeout=5&sslmode=require&application_name=parakeet",
        "postgresql://user:pass@ep-x.us-east-1.aws.neon.tech/db?sslmode=verify-full",
        "postgresql://user:pass@host/db?sslmode=verify-full&channel_binding=require",
    ],
)
def test_a_postgresql_url_that_requires_tls_is_taken(prod: Template, url: str) -> None:
    assert prod.accepts("neon_database_url", url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mysql://user:pass@host/db?sslmode=require",
        "host/db?sslmode=require",
        "postgresql://?sslmode=required",
        "postgresql://user:pass@host/db",
        "postgresql://user:pass@host/db?sslmode=disable",
        "postgresql://user:pass@host/db?sslmode=prefer&x=sslmode=require",
        "postgresql://user:pass@host/db?sslmode=required",
        "postgresql://user:pass@host/db?sslmode=verify-ca",
        "postgresql://user:pass@host/db?sslmode=verify-full&sslmode=require",
        "postgresql://user:pass@host/db?sslmode=require -- more",
        " postgresql://user:pass@host/db?sslmode=require",
        "postgresql://user:pa ss@host/db?sslmode=require",
        "postgresql://user:pass@host/db?sslmode=require&sslmode=disable",
        "postgresql://user:pass@host/db?sslmode=disable&sslmode=require",
        "postgresql://user:pass@host/db#?sslmode=require",
        "postgresql://host?sslmode=require",
        "postgresql://user:pass?sslmode=require&x@host/db?sslmode=disable",
    ],
)
def test_a_url_without_tls_or_of_another_database_is_refused(prod: Template, url: str) -> None:
    assert not prod.accepts("neon_database_url", url)


@pytest.mark.parametrize("name", sorted(VARIABLES))
def test_a_blank_secret_is_refused(prod: Template, name: str) -> None:
    variable = prod.document["variable"][name]
    assert not prod.accepts(name, "")
    assert not prod.accepts(name, " \n")
    assert variable["validation"][0]["error_message"].startswith(f"TF_VAR_{name} must be ")


@pytest.mark.parametrize(
    ("host", "taken"),
    [
        ("ep-x.us-east-1.aws.neon.tech", True),
        ("localhost", True),
        ("https://ep-x.neon.tech", False),
        ("ep-x.neon.tech:5432", False),
        ("ep-x.neon.tech/db", False),
    ],
)
def test_a_database_host_is_a_host_name(prod: Template, host: str, taken: bool) -> None:
    assert prod.accepts("db_host", host) is taken


def test_counting_the_version_up_writes_both_secrets_anew() -> None:
    def versions(template: Template) -> set[int]:
        return {
            version["secret_string_wo_version"]
            for version in template.resources("aws_secretsmanager_secret_version").values()
        }

    rotated = synthesized(changed(PROD, secrets={"version": 2}))
    assert versions(rotated) == {2}


def test_secrets_are_written_once_until_they_are_rotated(platform: Template) -> None:
    for version in platform.resources("aws_secretsmanager_secret_version").values():
        assert version["secret_string_wo_version"] == 1


@pytest.mark.parametrize(("environment", "days"), [("dev", 0), ("staging", 7), ("prod", 30)])
def test_a_destroyed_secret_can_be_recovered_for_as_long_as_the_environment_says(
    environment: str, days: int, request: pytest.FixtureRequest
) -> None:
    """At once in dev, so that its names are free for the next deploy."""
    template: Template = request.getfixturevalue(environment)
    for secret in template.resources("aws_secretsmanager_secret").values():
        assert secret["recovery_window_in_days"] == days


def test_prods_secrets_refuse_to_be_destroyed(dev: Template, staging: Template, prod: Template) -> None:
    for secret in prod.resources("aws_secretsmanager_secret").values():
        assert secret["lifecycle"] == {"prevent_destroy": True}
    for template in (dev, staging):
        for secret in template.resources("aws_secretsmanager_secret").values():
            assert "lifecycle" not in secret
