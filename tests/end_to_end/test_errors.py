"""Every row of the table of errors, over HTTP."""

import json
from typing import Any

import httpx
import pytest

from tests.end_to_end.served import Api, error, placed, trade

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("end_to_end")]

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"text"',
        b'{"ticker": "\xff"}',
        b"[" * 20_000 + b"]" * 20_000,
    ],
    ids=["broken", "list", "text", "not-utf-8", "nested"],
)
def test_what_is_not_json_of_the_right_shape_is_malformed(api: Api, body: bytes) -> None:
    assert api.post("/trades", content=body, headers=JSON).status_code == 400


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"quantity": "many"}, 400),
        ({"entry_date": "2024-11-04T10:30:00"}, 400),
        ({"entry_date": "yesterday"}, 400),
        ({"quantity": 0}, 422),
        ({"quantity": -1}, 422),
        ({"entry_price": 10**30}, 422),
        ({"direction": "HOLD"}, 422),
        ({"currency": "EUR"}, 422),
        ({"ticker": " "}, 422),
        ({"ticker": "A" * 21}, 422),
        ({"signal_score": 1.5}, 422),
    ],
)
def test_a_field_that_is_wrong_is_named_with_its_value_and_what_is_allowed(
    api: Api, changed: dict[str, Any], status: int
) -> None:
    before = api.get("/trades", params={"page_size": 1}).json()["total"]
    answer = api.post("/trades", json=trade(**changed))
    assert answer.status_code == status, answer.text
    details = answer.json()["error"]["details"]
    # A text's value without the blanks around it.
    [(field, value)] = changed.items()
    said = value.strip() if isinstance(value, str) else value
    assert {detail["field"]: detail["value"] for detail in details} == {field: said}
    assert all(detail["allowed"] for detail in details)
    assert api.get("/trades", params={"page_size": 1}).json()["total"] == before


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999999"])
def test_a_number_that_is_none_is_refused(api: Api, number: str) -> None:
    body = json.dumps(trade(quantity="here")).replace('"here"', number)
    assert api.post("/trades", content=body, headers=JSON).status_code in (400, 422)


def test_a_nul_in_a_text_is_refused(api: Api) -> None:
    assert api.post("/trades", json=trade(notes="a\0b")).status_code == 400


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/trades/abc", 400),
        ("/trades/0", 422),
        ("/trades/999999999", 404),
        ("/trades/1/nothing", 404),
        ("/trades?sort_by=luck", 422),
        ("/trades?status=PENDING", 422),
        ("/trades?tikcer=AAPL", 422),
        ("/trades?page=0", 422),
        ("/trades?page_size=201", 422),
        ("/trades?start_date=2026-13-01", 400),
        ("/trades/metrics/portfolio?initial_capital=0", 422),
    ],
)
def test_a_path_or_query_that_is_wrong_is_refused_in_the_platforms_own_form(
    api: Api, path: str, status: int
) -> None:
    assert error(api.get(path))[0] == status


def test_a_path_without_a_route_is_answered_by_the_gateway(api: Api) -> None:
    for path in ("/", "/nothing", "/api/trades", "/trade"):
        assert api.get(path).status_code == 404


def test_a_method_that_a_path_does_not_take_is_refused(api: Api) -> None:
    # The gateway has no route of this method, so nobody asks a function.
    nowhere = api.put("/trades", json=trade())
    assert (nowhere.status_code, nowhere.json()) == (404, {"message": "Not Found"})
    assert nowhere.headers["apigw-requestid"]
    answer = api.patch("/trades", json={"ticker": "X"})
    assert error(answer) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, POST"


def test_a_trade_id_that_is_taken_is_a_conflict(api: Api) -> None:
    taken = placed(api)["trade_id"]
    assert error(api.post("/trades", json=trade(trade_id=taken))) == (409, "conflict")


def test_a_body_that_is_too_large_is_refused_by_the_function_and_a_larger_one_in_front_of_it(
    api: Api,
) -> None:
    def answer(size: int) -> httpx.Response:
        return api.post("/trades", content=b'{"notes": "%s"}' % (b"a" * size), headers=JSON)

    assert error(answer(1_100_000)) == (413, "too_large")
    # More than Lambda takes, and more than the gateway does.
    for size in (6_500_000, 11_000_000):
        refused = answer(size)
        assert (refused.status_code, refused.json()) == (413, {"message": "Request Entity Too Large"})


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data"])
def test_a_body_of_another_type_is_refused(api: Api, content_type: str) -> None:
    answer = api.post("/trades", content=b"{}", headers={"Content-Type": content_type})
    assert error(answer) == (415, "unsupported_media_type")


def test_a_browser_of_the_front_end_may_ask_and_another_may_not(anonymous: Api) -> None:
    asking = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "content-type"}
    allowed = anonymous.options(
        "/trades/1", headers={"Origin": "https://potential-parakeet.pages.dev", **asking}
    )
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://potential-parakeet.pages.dev"
    assert "PATCH" in allowed.headers["Access-Control-Allow-Methods"]
    refused = anonymous.options("/trades/1", headers={"Origin": "https://evil.example", **asking})
    assert "Access-Control-Allow-Origin" not in refused.headers
