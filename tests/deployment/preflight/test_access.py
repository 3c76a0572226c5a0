"""A team that is as it should be, and teams that are not."""

from pathlib import Path
from typing import Any

import pytest

from config.environments import DEV
from config.names import PLACEHOLDER_AUDIENCE
from deployment.preflight.access import access_checks
from local.access.team import AccessTeam
from tests.deployment.preflight.outside import outcome, web

pytestmark = pytest.mark.integration

AUDIENCE = "5a" * 32


def api(**changes: Any) -> Any:
    return DEV.api.model_copy(update={"access_team": "some-team", "access_audience": AUDIENCE} | changes)


def test_a_team_whose_document_and_keys_are_there_is_ok(tmp_path: Path) -> None:
    with AccessTeam(tmp_path / "access", name="some-team", audience=AUDIENCE) as team:
        verdict, text = outcome(access_checks(api(), "dev", team.url), "Access discovery")
        assert verdict == "ok", text
        assert "2 RS256 keys" in text
        renamed = access_checks(api(access_team="new-name"), "dev", team.url)
        verdict, text = outcome(renamed, "Access discovery")
        assert verdict == "problem"
        assert "'https://some-team.cloudflareaccess.com'" in text
        own = access_checks(api(authorizer="lambda"), "dev", team.url)
        assert [check.name for check in own] == ["Access keys", "Access AUD tag"]
        assert outcome(own, "Access keys")[0] == "ok"
    assert outcome(own, "Access keys")[0] == "could not tell"


@pytest.mark.parametrize(
    ("status", "document", "told"),
    [
        (404, {}, "set api.authorizer to 'lambda'"),
        (302, {}, "answers 302"),
        (200, b"<html>", "without a document"),
        (200, [], "without a document"),
        (200, {"issuer": "https://some-team.cloudflareaccess.com"}, "names no place for keys"),
        (
            200,
            {"issuer": "https://some-team.cloudflareaccess.com", "jwks_uri": "file:///etc/passwd"},
            "names no place for keys",
        ),
    ],
)
def test_a_discovery_document_that_api_gateway_could_not_use_is_a_problem(
    status: int, document: Any, told: str
) -> None:
    with web({"/.well-known/openid-configuration": (status, document)}) as team:
        verdict, text = outcome(access_checks(api(), "dev", team), "Access discovery")
    assert (verdict, told in text) == ("problem", True), text


@pytest.mark.parametrize(
    "keys",
    [{}, {"keys": []}, {"keys": [{"kty": "EC", "kid": "a"}]}, {"keys": [None]}, []],
)
def test_a_team_without_a_usable_key_is_a_problem(keys: Any) -> None:
    with web({"/cdn-cgi/access/certs": (200, keys)}) as team:
        verdict, _ = outcome(access_checks(api(authorizer="lambda"), "dev", team), "Access keys")
    assert verdict == "problem"


@pytest.mark.parametrize("audience", [PLACEHOLDER_AUDIENCE, "5A" * 32, "5a" * 31, "my-application"])
def test_an_aud_tag_that_cloudflare_would_not_make_is_a_problem(audience: str) -> None:
    verdict, text = outcome(access_checks(api(access_audience=audience), "prod"), "Access AUD tag")
    assert verdict == "problem"
    assert "config/prod.py" in text
    assert outcome(access_checks(api(), "prod"), "Access AUD tag")[0] == "ok"
