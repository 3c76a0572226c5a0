"""Keys of the providers, tried on a server that answers as they do."""

import socket

import pytest

from deployment.preflight.checks import run
from deployment.preflight.providers import provider_checks
from tests.deployment.preflight.outside import outcome, web

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(200, "ok"), (401, "problem"), (403, "problem"), (429, "could not tell"), (302, "could not tell")],
)
def test_a_key_is_tried_with_one_request_in_its_header(status: int, verdict: str) -> None:
    seen: list[str] = []
    keys = {"TF_VAR_tiingo_api_key": "tiingo-key", "TF_VAR_polygon_api_key": "polygon-key"}
    with web({"/api/test": (status, {}), "/v1/marketstatus/now": (status, {})}, seen) as url:
        checks = provider_checks(keys, tiingo=url, polygon=url)
        outcomes = [outcome(checks, name) for name in ("Tiingo key", "Polygon key")]
    assert [found for found, _ in outcomes] == [verdict] * 2
    assert seen == ["Token tiingo-key", "Bearer polygon-key"]
    assert not [text for _, text in outcomes if "-key" in text]


def test_a_key_that_is_missing_or_no_key_is_asked_nobody() -> None:
    for given in ({}, {"TF_VAR_tiingo_api_key": " "}, {"TF_VAR_tiingo_api_key": "a\nb"}):
        checks = provider_checks(given, tiingo="http://127.0.0.1:1", polygon="http://127.0.0.1:1")
        assert outcome(checks, "Tiingo key")[0] == "problem"


def test_a_provider_that_hangs_or_is_not_there_is_no_problem_of_the_key() -> None:
    keys = {"TF_VAR_tiingo_api_key": "tiingo-key", "TF_VAR_polygon_api_key": "polygon-key"}
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        checks = provider_checks(keys, tiingo=url, polygon="http://127.0.0.1:1")
        assert [str(one.verdict) for one in run(checks, seconds=8)] == ["could not tell"] * 2
