"""The authorizer as API Gateway calls it: payload 2.0 in, a simple response out, and nothing else ever."""

import io
import json
from typing import Any
from uuid import uuid4

import pytest
from aws_lambda_powertools import Logger

from functions.authorizer.handler import authorize
from functions.authorizer.keys import Keys
from functions.authorizer.verifier import SettingsError, Verifier, verifier_from
from tests.functions.authorizer.forgery import (
    AUDIENCE,
    EMAIL,
    EXPECTED,
    ISSUER,
    NOW,
    key_set,
    person,
    service,
    signed,
)
from tests.functions.authorizer.key_server import answers, server

DENIED = {"isAuthorized": False}


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the authorizer logs, line by line, as CloudWatch gets it."""
    stream = io.StringIO()
    # Powertools gives out one logger per name, which keeps its first stream.
    monkeypatch.setattr("functions.authorizer.handler.log", Logger(f"authorizer-{uuid4()}", stream=stream))
    return stream


def event(token: Any, **changes: Any) -> dict[str, Any]:
    """What the API Gateway Developer Guide shows, "Control access to HTTP APIs with Lambda authorizers"."""
    return {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": "arn:aws:execute-api:us-east-1:123456789012:abcdef123/$default/GET/trades",
        "identitySource": [token],
        "routeKey": "GET /trades",
        "rawPath": "/trades",
        "rawQueryString": "page=1",
        "cookies": ["one=1"],
        "headers": {
            "cf-access-jwt-assertion": token,
            "host": "abcdef123.execute-api.us-east-1.amazonaws.com",
        },
        "queryStringParameters": {"page": "1"},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abcdef123",
            "http": {"method": "GET", "path": "/trades", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.1"},
            "requestId": "request-1",
            "routeKey": "GET /trades",
            "stage": "$default",
        },
    } | changes


def known() -> Verifier:
    return Verifier(EXPECTED, Keys(lambda: key_set("team"), failed=lambda _error: None))


def test_a_person_is_let_in_with_e_mail_address_and_subject() -> None:
    assert authorize(event(signed(person())), known, NOW) == {
        "isAuthorized": True,
        "context": {"email": EMAIL, "sub": person()["sub"]},
    }


def test_a_service_token_is_let_in_with_its_name() -> None:
    assert authorize(event(signed(service())), known, NOW) == {
        "isAuthorized": True,
        "context": {"common_name": service()["common_name"], "sub": ""},
    }


GOOD = signed(person())
EVENTS: dict[str, Any] = {
    "no identity source": event(GOOD, identitySource=None),
    "no value": event(GOOD, identitySource=[]),
    "two values": event(GOOD, identitySource=[GOOD, GOOD]),
    "a text": event(GOOD, identitySource=GOOD),
    "a number": event(7),
    "another header's value": event(GOOD, identitySource=["Bearer x"]),
    "payload 1.0": event(GOOD, version="1.0"),
    "another kind of authorizer": event(GOOD, type="TOKEN"),
    "no version": {name: value for name, value in event(GOOD).items() if name != "version"},
    "a token authorizer's": {"type": "TOKEN", "authorizationToken": GOOD, "methodArn": "arn"},
    "a route's": {"version": "2.0", "routeKey": "GET /trades", "headers": {"cf-access-jwt-assertion": GOOD}},
    "no event": None,
    "a list": [GOOD],
    "empty": {},
}


@pytest.mark.parametrize("wrong", EVENTS.values(), ids=EVENTS)
def test_an_event_that_is_not_api_gateways_is_denied(wrong: object) -> None:
    assert authorize(wrong, known, NOW) == DENIED


class Broken(Verifier):
    def __init__(self, error: Exception) -> None:
        self._error = error

    def verify(self, text: object, now: float) -> dict[str, str]:
        del text, now
        raise self._error


@pytest.mark.parametrize(
    "error", [RuntimeError(GOOD), MemoryError(GOOD), RecursionError(GOOD), KeyError(GOOD)]
)
def test_a_fault_of_ours_is_a_no_and_its_log_line_does_not_quote_the_token(
    error: Exception, said: io.StringIO
) -> None:
    assert authorize(event(GOOD), lambda: Broken(error), NOW) == DENIED
    line = json.loads(said.getvalue())
    assert (line["level"], line["error"]) == ("ERROR", type(error).__name__)
    assert "in verify" in line["at"][-1]
    assert GOOD not in said.getvalue()


def test_why_it_is_denied_is_in_the_log_with_the_request_and_without_the_token(
    said: io.StringIO,
) -> None:
    token = signed(person(type="org"))
    assert authorize(event(token), known, NOW) == DENIED
    line = json.loads(said.getvalue())
    assert (line["reason"], line["request_id"]) == ("type is not app", "request-1")
    assert not [part for part in (*token.split("."), EMAIL) if part in said.getvalue()]


def variables(url: str) -> dict[str, str]:
    return {"ACCESS_ISSUER": ISSUER, "ACCESS_KEYS_URL": url, "ACCESS_AUDIENCE": AUDIENCE}


@pytest.mark.integration
def test_settings_come_from_three_variables_and_keys_from_the_server_that_they_name() -> None:
    failures: list[Exception] = []
    with server(answers(key_set("team"))) as url:
        verifier = verifier_from(variables(url), failed=failures.append)
        assert verifier.verify(GOOD, NOW)["email"] == EMAIL
        assert verifier.verify(signed(service()), NOW)
    # It is gone, and its keys are still good.
    assert verifier.verify(signed(person(email="other@example.com")), NOW)["email"] == "other@example.com"
    assert failures == []


@pytest.mark.parametrize("name", list(variables("")))
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_variable_that_is_missing_or_blank_denies_everybody_and_is_named(
    name: str, value: str | None, said: io.StringIO
) -> None:
    given = {**variables("https://team.example/"), name: value}
    settings = {key: value for key, value in given.items() if value is not None}
    with pytest.raises(SettingsError, match=f"not set: {name}$"):
        verifier_from(settings, failed=print)
    assert authorize(event(GOOD), lambda: verifier_from(settings, failed=print), NOW) == DENIED
    line = json.loads(said.getvalue())
    assert (line["level"], line["reason"]) == ("ERROR", f"not set: {name}")


def test_keys_without_tls_deny_everybody() -> None:
    with pytest.raises(SettingsError, match=r"^ACCESS_KEYS_URL: allowed: https"):
        verifier_from(variables("http://team.example/certs"), failed=print)
