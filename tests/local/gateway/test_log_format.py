"""The access log's lines."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.gateway.errors import NotEmulatedError
from local.gateway.log_format import LogFormat, Record
from tests.local.gateway.unhurried import unhurried


def line(text: str, **values: object) -> str:
    return LogFormat(text, "stage $default").line(
        Record({name.replace("__", "."): v for name, v in values.items()})
    )


def test_variables_become_values_and_the_rest_stays() -> None:
    assert line(
        "$context.status ${context.routeKey} [$context.requestTime]", status=200, routeKey="GET /a"
    ) == ("200 GET /a [-]")


def test_what_a_request_does_not_have_is_a_dash() -> None:
    text = "$context.error.message $context.identity.caller $context.authorizer.claims.email"
    assert line(text) == "- - -"


def test_claims_and_what_an_authorizer_said_are_there_by_name() -> None:
    record = Record(claims={"email": "jo@example.com"}, authorizer_context={"level": 2, "admin": True})
    text = "$context.authorizer.claims.email $context.authorizer.level $context.authorizer.admin"
    assert LogFormat(text, "stage").line(record) == "jo@example.com 2 true"


@unhurried
@given(st.text())
def test_no_client_writes_lines_or_fields_of_its_own(agent: str) -> None:
    logged = line(
        '{"agent": "$context.identity.userAgent", "status": "$context.status"}', identity__userAgent=agent
    )
    assert "\n" not in logged
    assert json.loads(logged) == {"agent": agent or "-", "status": "-"}


@pytest.mark.parametrize(
    "text",
    [
        "$context.error.responseType",
        "$context.dataProcessed",
        "$context.made.up",
        "$context.authorizer.claims",
        "$context",
        "$stageVariables.a",
        "$input.body",
        "cost: $5",
        "${context.status",
        "a\nb",
    ],
)
def test_a_variable_that_is_not_known_is_refused_with_the_stage(text: str) -> None:
    with pytest.raises(NotEmulatedError, match=r"^stage prod: AccessLogSettings\.Format"):
        LogFormat(text, "stage prod")
