"""The event that a function gets, field by field as AWS documents payload format 2.0."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.gateway.request import Call, Request, UnreadableError, body_fields
from tests.local.gateway.made_up import request, table
from tests.local.gateway.unhurried import unhurried


def call(asked: Request) -> Call:
    routes = table("GET /trades/{id}", "$default")
    stage = routes.stage(asked.path)
    match = routes.match(asked.method, asked.path)
    assert stage is not None
    assert match is not None
    return Call(asked, routes, stage[0], match)


def test_an_event_has_every_documented_field_and_no_other() -> None:
    asked = request(
        "GET",
        "/trades/a%20b",
        "parameter1=value1&parameter1=value%202&parameter2=",
        ("User-Agent", "agent"),
        ("Header2", "value1"),
        ("header2", "value2"),
        ("Cookie", "cookie1=a; cookie2=b"),
        ("Connection", "keep-alive, X-Private"),
        ("X-Private", "of this connection"),
        ("X-Forwarded-For", "203.0.113.9"),
    )
    authorizer = {"jwt": {"claims": {"email": "jo@example.com"}, "scopes": None}}
    assert call(asked).event(authorizer) == {
        "version": "2.0",
        "routeKey": "GET /trades/{id}",
        "rawPath": "/trades/a b",
        "rawQueryString": "parameter1=value1&parameter1=value%202&parameter2=",
        "cookies": ["cookie1=a", "cookie2=b"],
        "headers": {
            "content-length": "0",
            "header2": "value1,value2",
            "host": "127.0.0.1:8080",
            "user-agent": "agent",
            "x-amzn-trace-id": "Root=1-5e6a879e-000000000000000000000000",
            "x-forwarded-for": "203.0.113.9, 127.0.0.1",
            "x-forwarded-port": "8080",
            "x-forwarded-proto": "http",
        },
        "queryStringParameters": {"parameter1": "value1,value 2", "parameter2": ""},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1",
            "authorizer": authorizer,
            "domainName": "127.0.0.1",
            "domainPrefix": "127",
            "http": {
                "method": "GET",
                "path": "/trades/a b",
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "agent",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "GET /trades/{id}",
            "stage": "$default",
            "time": "12/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1584039838390,
        },
        "pathParameters": {"id": "a b"},
    }


def test_what_a_request_does_not_have_is_left_out_of_its_event() -> None:
    event = call(request("POST", "/")).event()
    assert not {"cookies", "queryStringParameters", "pathParameters", "stageVariables", "body"} & set(event)
    assert "authorizer" not in event["requestContext"]


def test_who_asks_is_named_by_method_and_route_or_by_the_default_route() -> None:
    arn = "arn:aws:execute-api:us-east-1:123456789012:a1/$default"
    assert call(request("GET", "/trades/7")).source_arn == f"{arn}/GET/trades/{{id}}"
    assert call(request("PUT", "/x")).source_arn == f"{arn}/$default"


@pytest.mark.parametrize(
    ("headers", "body", "text", "encoded"),
    [
        ((), b"", None, False),
        ((("content-type", "application/json"),), b'{"a": 1}', '{"a": 1}', False),
        ((("content-type", "Text/CSV; charset=utf-8"),), "é".encode(), "é", False),
        ((("content-type", "application/problem+json"),), b"{}", "{}", False),
        ((("content-type", "application/json"),), b"\xff", "/w==", True),
        ((("content-type", "image/png"),), b"\x89PNG", "iVBORw==", True),
        ((("content-type", "application/x-www-form-urlencoded"),), b"a=1", "YT0x", True),
        ((("content-type", "application/json"), ("content-encoding", "gzip")), b"{}", "e30=", True),
        ((), b"x", "eA==", True),
    ],
)
def test_a_body_is_text_where_its_type_is_and_base64_otherwise(
    headers: tuple[tuple[str, str], ...], body: bytes, text: str | None, encoded: bool
) -> None:
    fields = body_fields(request("POST", "/", "", *headers), body)
    assert (fields.get("body"), fields["isBase64Encoded"]) == (text, encoded)


@unhurried
@given(st.binary(max_size=200), st.sampled_from(["application/json", "text/plain", "image/png", ""]))
def test_no_byte_of_a_body_is_lost(body: bytes, kind: str) -> None:
    fields = body_fields(request("POST", "/", "", ("content-type", kind)), body)
    text = fields.get("body", "")
    assert (base64.b64decode(text) if fields["isBase64Encoded"] else text.encode()) == body


@pytest.mark.parametrize("asked", [request(path="/trades/%ff"), request(query="a=%ff")])
def test_a_path_or_query_that_is_no_text_is_refused(asked: Request) -> None:
    with pytest.raises(UnreadableError):
        call(asked).event()
