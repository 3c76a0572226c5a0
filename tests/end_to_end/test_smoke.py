"""What is looked at after a deployment, and what the access log then says of who asked."""

import json
import time
from typing import Any

import pytest

from deployment.preflight.checks import run
from deployment.smoke import CLOSED, smoke_checks
from tests.end_to_end.served import TRADER, Api, Served

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("end_to_end")]


def test_smoke_finds_what_was_deployed_closed_and_well(served: Served) -> None:
    outcomes = list(run(smoke_checks(served.settings, url=served.url), seconds=60))
    assert [(each.name, str(each.verdict)) for each in outcomes] == [
        *((f"closed {path}", "ok") for path in CLOSED),
        ("preflight", "ok"),
        ("health", "ok"),
    ], outcomes


def test_who_asked_for_what_and_how_long_it_took_is_in_the_access_log(served: Served, api: Api) -> None:
    answer = api.get("/trades", params={"ticker": "AAPL"})
    line = _logged(served, answer.headers["apigw-requestid"])
    assert (line["email"], line["commonName"], line["path"]) == (TRADER, "-", "/trades")
    assert 0 <= int(line["integrationLatency"]) <= int(line["responseLatency"])


def _logged(served: Served, request: str) -> dict[str, Any]:
    logs = served.account.client("logs")
    end = time.monotonic() + 20
    while time.monotonic() < end:
        group = f"/aws/apigateway/potential-parakeet-{served.settings.name}"
        for event in logs.filter_log_events(logGroupName=group)["events"]:
            line: dict[str, Any] = json.loads(event["message"])
            if line["requestId"] == request:
                return line
        time.sleep(0.2)
    raise AssertionError(f"no line of {request}")
