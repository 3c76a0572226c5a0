"""What a function's result means, and the gateway's own answers."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.gateway.answer import Answer, InvalidAnswerError, interpreted, refusal
from tests.local.gateway.unhurried import unhurried

JSON = ("content-type", "application/json")
PLAIN = ("content-type", "text/plain;charset=utf-8")


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        # AWS's own two examples of an inferred answer.
        ("Hello from Lambda!", Answer(200, (JSON,), b"Hello from Lambda!")),
        ({"message": "Hello"}, Answer(200, (JSON,), b'{"message": "Hello"}')),
        ([1, 2], Answer(200, (JSON,), b"[1, 2]")),
        (None, Answer(200, (JSON,), b"null")),
        ({"statusCode": 204}, Answer(204, (PLAIN,))),
        (
            {
                "statusCode": 201,
                "headers": {"Content-Type": "application/json", "X-N": 3, "X-B": True},
                "body": "{}",
            },
            Answer(201, (JSON, ("x-n", "3"), ("x-b", "true")), b"{}"),
        ),
        (
            {"statusCode": 200, "cookies": ["a=1; Path=/", "b=2"], "body": "é"},
            Answer(200, (PLAIN, ("set-cookie", "a=1; Path=/"), ("set-cookie", "b=2")), "é".encode()),
        ),
        ({"statusCode": 200, "body": "aGk=", "isBase64Encoded": True}, Answer(200, (PLAIN,), b"hi")),
        (
            {
                "statusCode": 200,
                "headers": {"Connection": "close", "Transfer-Encoding": "x", "Content-Length": "9"},
            },
            Answer(200, (PLAIN,)),
        ),
    ],
)
def test_a_result_is_an_answer_of_its_own_or_the_body_of_a_200(result: Any, answer: Answer) -> None:
    assert interpreted(json.dumps(result).encode()) == answer


@pytest.mark.parametrize(
    "result",
    [
        {"statusCode": "200"},
        {"statusCode": True},
        {"statusCode": None},
        {"statusCode": 99},
        {"statusCode": 600},
        {"statusCode": 200.5},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "body": 5},
        {"statusCode": 200, "body": "not base64!", "isBase64Encoded": True},
        {"statusCode": 200, "body": "", "isBase64Encoded": "yes"},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "headers": {"a": None}},
        {"statusCode": 200, "headers": {"a": ["b"]}},
        {"statusCode": 200, "headers": {"a b": "c"}},
        {"statusCode": 200, "headers": {"a": "b\r\nset-cookie: c=d"}},
        {"statusCode": 200, "cookies": "a=1"},
        {"statusCode": 200, "cookies": ["a=1\r\nb: c"]},
        {"statusCode": 200, "body": "\ud800"},
    ],
)
def test_a_result_that_is_no_answer_is_invalid(result: Any) -> None:
    with pytest.raises(InvalidAnswerError):
        interpreted(json.dumps(result).encode())


def test_a_result_that_is_no_json_is_invalid() -> None:
    with pytest.raises(InvalidAnswerError):
        interpreted(b"{")


_ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@unhurried
@given(
    st.dictionaries(
        st.sampled_from(["statusCode", "headers", "cookies", "body", "isBase64Encoded"]), _ANY_JSON
    )
)
def test_any_result_is_either_an_answer_that_http_allows_or_invalid(result: dict[str, Any]) -> None:
    try:
        answer = interpreted(json.dumps(result).encode())
    except InvalidAnswerError:
        return
    assert 200 <= answer.status <= 599
    assert not any("\r" in value or "\n" in value for _, value in answer.headers)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "Bad Request"),
        (401, "Unauthorized"),
        (403, "Forbidden"),
        (404, "Not Found"),
        (413, "Request Entity Too Large"),
        (429, "Too Many Requests"),
        (431, "Request Header Fields Too Large"),
        (500, "Internal Server Error"),
        (503, "Service Unavailable"),
    ],
)
def test_the_gateways_own_answers_are_in_aws_words(status: int, message: str) -> None:
    answer = refusal(status)
    assert (answer.status, answer.headers) == (status, (JSON,))
    assert answer.body == f'{{"message":"{message}"}}'.encode()
