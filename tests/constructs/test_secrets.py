"""The two secrets, whose values pass through Terraform's variables and rest nowhere."""

from collections.abc import Iterator
from typing import Any

import pytest

from config.environments import PROD
from tests.template import CONFIGURED, Template, changed, synthesized_secrets

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


def test_secrets_have_the_names_that_functions_and_people_know(secrets_stack: Template) -> None:
    assert {
        name: secret["name"] for name, secret in secrets_stack.resources("aws_secretsmanager_secret").items()
    } == {
        "database": f"potential-parakeet/{secrets_stack.environment}",
        "api_keys": f"potential-parakeet/{secrets_stack.environment}/api-keys",
    }


def test_secrets_hold_what_functions_read_from_them(secrets_stack: Template) -> None:
    written = {
        version["secret_id"]: version["secret_string_wo"]
        for version in secrets_stack.resources("aws_secretsmanager_secret_version").values()
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
def test_secret_variables_are_ephemeral_sensitive_and_have_no_default(
    secrets_stack: Template, name: str
) -> None:
    variable = secrets_stack.document["variable"][name]
    assert variable["ephemeral"] is True
    assert variable["sensitive"] is True
    assert variable["nullable"] is False
    assert variable["type"] == "string"
    assert "default" not in variable


def test_these_are_all_the_variables_there_are(secrets_stack: Template) -> None:
    assert set(secrets_stack.document["variable"]) == VARIABLES


def test_the_platform_is_planned_and_deployed_without_a_variable(platform: Template) -> None:
    assert "variable" not in platform.document
    assert not [path for path, text in texts(platform.document) if "var." in text]


def test_the_platform_has_its_secrets_described_and_never_read(platform: Template) -> None:
    """Of what is no data source here, a refresh reads the value."""
    assert {name: block["name"] for name, block in platform.data("aws_secretsmanager_secret").items()} == {
        "database": f"potential-parakeet/{platform.environment}",
        "api_keys": f"potential-parakeet/{platform.environment}/api-keys",
    }
    kinds = {*platform.document["resource"], *platform.document["data"]}
    assert {kind for kind in kinds if "secret" in kind} == {"aws_secretsmanager_secret"}
    assert not platform.resources("aws_secretsmanager_secret")


def test_a_platform_that_once_made_its_secrets_lets_go_of_them_and_destroys_none(platform: Template) -> None:
    assert platform.document["removed"] == [
        {"from": f"aws_{kind}.{name}", "lifecycle": {"destroy": False}}
        for kind in ("secretsmanager_secret", "secretsmanager_secret_version")
        for name in ("database", "api_keys")
    ]


def test_secret_variables_are_used_for_nothing_but_the_secrets(secrets_stack: Template) -> None:
    used = {
        path[1:3] if path[0] == "resource" else (path[0], path[1])
        for path, text in texts(secrets_stack.document)
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
def test_a_postgresql_url_that_requires_tls_is_taken(secrets_stack: Template, url: str) -> None:
    assert secrets_stack.accepts("neon_database_url", url)


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
def test_a_url_without_tls_or_of_another_database_is_refused(secrets_stack: Template, url: str) -> None:
    assert not secrets_stack.accepts("neon_database_url", url)


@pytest.mark.parametrize("name", sorted(VARIABLES))
def test_a_blank_secret_is_refused(secrets_stack: Template, name: str) -> None:
    variable = secrets_stack.document["variable"][name]
    assert not secrets_stack.accepts(name, "")
    assert not secrets_stack.accepts(name, " \n")
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
def test_a_database_host_is_a_host_name(secrets_stack: Template, host: str, taken: bool) -> None:
    assert secrets_stack.accepts("db_host", host) is taken


def test_counting_the_version_up_writes_both_secrets_anew() -> None:
    def versions(template: Template) -> set[int]:
        return {
            version["secret_string_wo_version"]
            for version in template.resources("aws_secretsmanager_secret_version").values()
        }

    rotated = synthesized_secrets(changed(PROD, secrets={"version": 2}))
    assert versions(rotated) == {2}


def test_secrets_are_written_once_until_they_are_rotated(secrets_stack: Template) -> None:
    for version in secrets_stack.resources("aws_secretsmanager_secret_version").values():
        assert version["secret_string_wo_version"] == 1


def test_a_destroyed_secret_can_be_recovered_for_as_long_as_the_environment_says(
    secrets_stack: Template,
) -> None:
    for secret in secrets_stack.resources("aws_secretsmanager_secret").values():
        settings = CONFIGURED[secrets_stack.environment].secrets
        assert secret["recovery_window_in_days"] == settings.recovery_window_days


def test_prods_secrets_refuse_to_be_destroyed(secrets_stack: Template) -> None:
    protected = {"prevent_destroy": True} if secrets_stack.environment == "prod" else None
    for secret in secrets_stack.resources("aws_secretsmanager_secret").values():
        assert secret.get("lifecycle") == protected
