"""What every function answers to what is wrong with a request."""

import base64
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict

from functions.runtime.errors import ConflictError, UnavailableError
from functions.runtime.fields import DayOrInstant, Exact, Instant, OneTo
from functions.runtime.http_api import MAX_BODY_BYTES, HttpApi
from functions.runtime.paging import PageNumber, PageSize
from functions.runtime.parameters import Path, Query
from tests.functions.events import EMAIL, REQUEST_ID, event
from tests.platform import SCHEDULED

Number = Annotated[int, OneTo(99), Path()]
Lines = Callable[[], list[dict[str, Any]]]

api = HttpApi()


class Order(BaseModel):
    """What the tests send."""

    model_config = ConfigDict(extra="forbid")

    price: Annotated[Decimal, Exact(digits=20, places=8, gt=0)]
    at: Instant | None = None
    count: int = 1
    note: str | None = None


@api.post("/orders", status_code=201)
def place(order: Order) -> Order:
    return order


@api.get("/orders/<number>")
def get(number: Number, since: Annotated[DayOrInstant | None, Query()] = None) -> dict[str, Any]:
    return {"number": number, "since": since}


@api.post("/orders/<number>/cancel")
def cancel(number: Number) -> int:
    return number


@api.delete("/orders/<number>", status_code=204)
def delete(number: Number) -> None:
    assert number


@api.get("/orders")
def list_orders(page: PageNumber = 1, page_size: PageSize = 50) -> list[int]:
    return [page, page_size]


@api.get("/caller")
def get_caller() -> dict[str, str]:
    return {"name": api.caller}


@api.get("/conflict")
def conflict() -> None:
    raise ConflictError("Not now.", [{"field": "status", "value": "CLOSED", "allowed": "OPEN"}])


@api.get("/unavailable")
def unavailable() -> None:
    raise UnavailableError("Not now.", retry_after_s=7)


@api.get("/broken")
def broken() -> None:
    raise KeyError("SELECT inner FROM text")


@api.get("/wrong")
def wrong() -> Order:
    return {"price": "the inner text"}  # type: ignore[return-value] # that is the test


def call(*args: Any, **kwargs: Any) -> tuple[int, Any, dict[str, str]]:
    answer = api.handler(event(*args, **kwargs), None)
    assert answer["headers"]["X-Request-Id"] == REQUEST_ID
    assert answer["headers"]["Cache-Control"] == "no-store"
    body: Any = json.loads(answer["body"], parse_float=Decimal) if answer["body"] else None
    if answer["statusCode"] >= 400:
        assert answer["headers"]["Content-Type"] == "application/json"
        assert body.keys() == {"error"}
        assert body["error"].keys() == {"code", "message", "details"}
    return answer["statusCode"], body, answer["headers"]


def refused(*args: Any, **kwargs: Any) -> tuple[int, list[dict[str, Any]]]:
    status, body, _ = call(*args, **kwargs)
    return status, body["error"]["details"]


def test_a_decimal_comes_back_digit_for_digit() -> None:
    answer = api.handler(event("POST", "/orders", text='{"price":123456789012.10000000}'), None)
    assert '"price":123456789012.10000000,' in answer["body"]


@pytest.mark.parametrize(
    ("text", "status", "field"),
    [
        ('{"price":0}', 422, "price"),
        ('{"price":-1}', 422, "price"),
        ('{"price":1e12}', 422, "price"),
        ('{"price":0.000000001}', 422, "price"),
        ('{"price":1,"more":2}', 422, "more"),
        ('{"price":1,"at":"0001-01-01T00:00:00+10:00"}', 422, "at"),
        ("{}", 400, "price"),
        ('{"price":null}', 400, "price"),
        ('{"price":true}', 400, "price"),
        ('{"price":"1_000"}', 400, "price"),
        ('{"price":" 1"}', 400, "price"),
        ('{"price":"NaN"}', 400, "price"),
        ('{"price":[1]}', 400, "price"),
        ('{"price":1,"at":"2025-01-31T06:00:00"}', 400, "at"),
        ('{"price":1,"at":"2025-01-31"}', 400, "at"),
        ('{"price":1,"at":1738303200}', 400, "at"),
        ('{"price":1,"at":"2025-02-30T06:00:00Z"}', 400, "at"),
        ('{"price":1,"count":1.5}', 400, "count"),
        ('{"price":1,"note":7}', 400, "note"),
    ],
)
def test_a_body_is_400_if_malformed_and_422_if_out_of_range_and_names_the_field(
    text: str, status: int, field: str
) -> None:
    found, details = refused("POST", "/orders", text=text)
    assert (found, [row["field"] for row in details]) == (status, [field])
    assert details[0].keys() == {"field", "in", "value", "allowed"}


def test_all_that_is_wrong_is_named_at_once() -> None:
    status, details = refused("POST", "/orders", {"price": 0, "note": 7})
    assert status == 400
    assert [row["field"] for row in details] == ["price", "note"]


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("", False),
        ("not json", False),
        ("[]", False),
        ("/w==", True),
        ("=", True),
        ('{"note":"\\u0000"}', False),
    ],
)
def test_a_body_that_is_no_json_object_is_400(text: str, encoded: bool) -> None:
    assert refused("POST", "/orders", text=text, base64=encoded)[0] == 400


def test_a_body_in_base64_is_read() -> None:
    text = base64.b64encode(b'{"price":1.10}').decode()
    assert call("POST", "/orders", text=text, base64=True)[0] == 201


@pytest.mark.parametrize("encoded", [False, True])
def test_a_body_of_6_mb_is_413(encoded: bool) -> None:
    text = json.dumps({"price": 1, "note": "x" * 6_000_000})
    sent = base64.b64encode(text.encode()).decode() if encoded else text
    assert refused("POST", "/orders", text=sent, base64=encoded)[0] == 413


def test_the_limit_of_a_body_counts_bytes() -> None:
    room = MAX_BODY_BYTES - len('{"price":1,"note":""}')
    assert call("POST", "/orders", text='{"price":1,"note":"' + "x" * room + '"}')[0] == 201
    assert refused("POST", "/orders", text='{"price":1,"note":"' + "é" * (room // 2 + 1) + '"}')[0] == 413


@pytest.mark.parametrize(
    ("declared", "status"),
    [
        ("application/json", 201),
        ("application/json; charset=utf-8", 201),
        ("Application/JSON", 201),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/jsonp", 415),
        ("application/json, text/plain", 415),
    ],
)
def test_a_body_has_to_be_declared_as_json(declared: str, status: int) -> None:
    sent = event("POST", "/orders", {"price": 1}, headers={"Content-Type": declared})
    assert api.handler(sent, None)["statusCode"] == status


@pytest.mark.parametrize(
    "declared", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", ""]
)
def test_what_another_sites_page_may_send_without_asking_first_is_refused_without_a_body_too(
    declared: str,
) -> None:
    assert refused("POST", "/orders/7/cancel", headers={"Content-Type": declared})[0] == 415


def test_a_body_without_a_type_is_refused_and_no_body_needs_none() -> None:
    sent = event("POST", "/orders", {"price": 1})
    del sent["headers"]["content-type"]
    assert api.handler(sent, None)["statusCode"] == 415
    assert call("POST", "/orders/7/cancel")[0] == 200


def test_an_unknown_path_is_404_and_a_known_one_with_another_method_405() -> None:
    assert call("GET", "/nothing")[0] == 404
    status, _, headers = call("PUT", "/orders/7")
    assert (status, headers["Allow"]) == (405, "DELETE, GET")


def test_a_slash_at_the_end_is_no_other_path() -> None:
    assert call("GET", "/orders/")[:2] == call("GET", "/orders")[:2] == (200, [1, 50])


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ({"page": 0}, 422, "page"),
        ({"page": "one"}, 400, "page"),
        ({"page": "1,2"}, 400, "page"),
        ({"page": -1}, 422, "page"),
        ({"page_size": 201}, 422, "page_size"),
        ({"pages": 1}, 422, "pages"),
    ],
)
def test_a_query_is_checked_and_a_name_that_nobody_knows_refused(
    query: dict[str, Any], status: int, field: str
) -> None:
    found, (row,) = refused("GET", "/orders", query=query)
    assert (found, row["field"], row["in"]) == (status, field, "query")


@pytest.mark.parametrize("text", ["1_0", "+1", " 1", "1 ", "01", "1.0", "1e1", "\u0661", "--1", ""])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_number_in_a_path_or_query_has_one_text_only(method: str, text: str) -> None:
    assert call(method, f"/orders/{text or '-'}")[0] == 400
    assert call("GET", "/orders", query={"page": text})[0] == 400


def test_a_nul_in_path_or_query_is_400() -> None:
    assert refused("GET", "/orders/\0")[0] == 400
    assert refused("GET", "/orders", query={"page": "\0"})[0] == 400


@pytest.mark.parametrize(
    ("since", "status", "answered"),
    [
        ("2025-01-31", 200, "2025-01-31"),
        ("2025-01-31T17:00:00+11:00", 200, "2025-01-31T06:00:00Z"),
        ("2025-01-31T17:00:00", 400, None),
        ("2025-02-30", 400, None),
        ("20250131", 400, None),
    ],
)
def test_a_filter_by_time_takes_a_day_or_a_time_with_its_zone(since: str, status: int, answered: str) -> None:
    found, body, _ = call("GET", "/orders/7", query={"since": since})
    assert found == status
    assert body.get("since") == answered


def test_an_error_of_the_logic_is_answered_with_its_status_details_and_headers() -> None:
    status, body, _ = call("GET", "/conflict")
    assert (status, body["error"]["code"], body["error"]["message"]) == (409, "conflict", "Not now.")
    assert body["error"]["details"] == [{"field": "status", "value": "CLOSED", "allowed": "OPEN"}]
    status, _, headers = call("GET", "/unavailable")
    assert (status, headers["Retry-After"]) == (503, "7")


@pytest.mark.parametrize("path", ["/broken", "/wrong"])
def test_a_fault_of_ours_is_500_without_inner_text_and_its_reason_is_in_the_log(
    path: str, log_lines: Lines
) -> None:
    status, body, _ = call("GET", path)
    assert status == 500
    assert "inner" not in json.dumps(body)
    failed, answered = log_lines()
    assert failed["level"] == "ERROR"
    assert "Traceback" in failed["exception"]
    assert failed["request_id"] == answered["request_id"] == REQUEST_ID


def test_an_answer_of_another_shape_is_not_sent_and_its_values_not_logged(log_lines: Lines) -> None:
    call("GET", "/wrong")
    assert "response.price: decimal_type" in log_lines()[0]["exception"]
    assert "the inner text" not in log_lines()[0]["exception"].replace(
        'return {"price": "the inner text"}', ""
    )


def test_every_request_has_one_line_in_the_log_with_its_id(log_lines: Lines) -> None:
    call("GET", "/orders")
    (line,) = log_lines()
    assert line["request_id"] == REQUEST_ID
    assert (line["method"], line["path"], line["status"], line["message"]) == (
        "GET",
        "/orders",
        200,
        "answered",
    )


def test_204_has_no_body() -> None:
    assert call("DELETE", "/orders/7")[:2] == (204, None)


@pytest.mark.parametrize(
    ("authorizer", "name"),
    [
        ({"jwt": {"claims": {"email": EMAIL, "sub": "1"}, "scopes": None}}, EMAIL),
        ({"jwt": {"claims": {"common_name": "robot.access", "sub": ""}}}, "robot.access"),
        ({"lambda": {"email": EMAIL}}, EMAIL),
        ({"lambda": {"common_name": "robot.access"}}, "robot.access"),
    ],
)
def test_the_caller_is_who_the_authorizer_says(authorizer: dict[str, Any], name: str) -> None:
    assert call("GET", "/caller", authorizer=authorizer)[:2] == (200, {"name": name})


@pytest.mark.parametrize(
    "authorizer",
    [{}, {"jwt": {"claims": {}}}, {"jwt": {"claims": {"email": "", "common_name": ""}}}, {"lambda": None}],
)
def test_a_request_of_nobody_is_401(authorizer: dict[str, Any]) -> None:
    assert call("GET", "/caller", authorizer=authorizer)[0] == 401


@pytest.mark.parametrize("kind", ["jwt", "lambda"])
@pytest.mark.parametrize(
    "email",
    [
        *(" ", f" {EMAIL}", f"{EMAIL}\0", f"{EMAIL}\nlevel=INFO", f"\u202e{EMAIL}", f"{'a' * 320}@b", 7),
        # What is no text, as API Gateway's JWT authorizer hands it on.
        *(f"[{EMAIL} b@example.com]", f"map[a:{EMAIL}]", "<nil>"),
    ],
)
def test_an_e_mail_that_is_none_is_401_and_not_said_again(kind: str, email: object, log_lines: Lines) -> None:
    claims = {"email": email, "common_name": "robot.access"}
    status, body, _ = call(
        "GET", "/caller", authorizer={kind: {"claims": claims} if kind == "jwt" else claims}
    )
    assert status == 401
    assert EMAIL not in json.dumps([body, log_lines()])


@pytest.mark.parametrize("name", [EMAIL, "a\0", "[a b]", "a" * 321])
def test_a_service_with_a_persons_name_or_none_is_401(name: str) -> None:
    assert call("GET", "/caller", authorizer={"jwt": {"claims": {"common_name": name}}})[0] == 401


@pytest.mark.parametrize(
    "odd",
    [
        {},
        None,
        [],
        "text",
        SCHEDULED,
        {
            "version": "1.0",
            "path": "/orders",
            "httpMethod": "GET",
            "requestContext": {"requestId": "c6af9ac6"},
        },
        {**event("GET", "/orders"), "requestContext": None},
        {**event("GET", "/orders"), "rawPath": 7},
    ],
)
def test_an_event_that_is_no_request_is_400(odd: Any) -> None:
    assert api.handler(odd, None)["statusCode"] == 400
