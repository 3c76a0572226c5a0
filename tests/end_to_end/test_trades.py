"""The flows of trades, over HTTP, through all that is deployed."""

import time
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.end_to_end.served import TRADER, Api, Served, error, placed, trade

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("end_to_end")]


def ticker() -> str:
    """One that no other test trades."""
    return f"T{uuid4().hex[:12]}".upper()


def exact(answer: httpx.Response) -> dict[str, Any]:
    """An answer with its numbers as they are written."""
    body: dict[str, Any] = answer.json(parse_float=Decimal)
    return body


def test_a_trade_is_placed_by_whom_the_token_names_and_found_again(api: Api) -> None:
    mine = ticker()
    body = placed(api, ticker=f"  {mine.lower()} ")
    assert (body["ticker"], body["status"], body["changed_by"]) == (mine, "OPEN", TRADER)
    assert body["entry_date"] == "2024-11-04T15:30:00Z"
    assert (body["pnl"], body["exit_price"]) == (None, None)
    assert api.get(f"/trades/{body['id']}").json() == body
    listed = api.get("/trades/", params={"ticker": mine}).json()
    assert (listed["trades"], listed["total"], listed["total_pages"]) == ([body], 1, 1)


def test_a_service_token_is_who_changed_a_trade(served: Served) -> None:
    with served.api(served.platform.team.tokens.service("backtests.access")) as api:
        assert placed(api)["changed_by"] == "backtests.access"


def test_money_is_exact_from_the_requests_text_to_the_answers(api: Api) -> None:
    text = (
        '{"ticker": "EXACT", "direction": "SELL", "quantity": 0.00000003,'
        ' "entry_price": 123456789012.12345678, "commission": 0.1, "entry_date": "2024-11-04T10:30:00Z"}'
    )
    sent = api.post("/trades", content=text, headers={"Content-Type": "application/json"})
    assert sent.status_code == 201, sent.text
    assert '"quantity":0.00000003,' in sent.text.replace(" ", "")
    assert '"entry_price":123456789012.12345678,' in sent.text.replace(" ", "")
    closed = api.post(
        f"/trades/{sent.json()['id']}/close",
        content='{"exit_price": 123456789011.12345678}',
        headers={"Content-Type": "application/json"},
    )
    assert exact(closed)["pnl"] == Decimal("0.00000003") - Decimal("0.1")


def test_a_trade_is_corrected_closed_and_settled_once(api: Api) -> None:
    body = placed(api, quantity="100", entry_price="10.10", commission="3.00")
    path = f"/trades/{body['id']}"
    corrected = api.patch(path, json={"entry_price": "10.00", "notes": "as on the contract note"})
    assert (corrected.status_code, exact(corrected)["entry_price"]) == (200, Decimal("10.00"))
    assert corrected.json()["quantity"] == body["quantity"]
    closed = api.post(f"{path}/close", json={"exit_price": "12.50", "exit_date": "2024-11-22T15:45:00Z"})
    assert closed.status_code == 200
    settled = exact(closed)
    assert (settled["status"], settled["pnl"]) == ("CLOSED", Decimal("247.00"))
    assert settled["pnl_percent"] == Decimal("24.7")
    assert error(api.post(f"{path}/close", json={"exit_price": "13"})) == (409, "conflict")
    assert error(api.post(f"{path}/cancel")) == (409, "conflict")
    assert error(api.delete(path)) == (409, "conflict")
    assert exact(api.get(path)) == settled


def test_a_cancelled_trade_can_be_deleted_and_its_history_stays(api: Api) -> None:
    path = f"/trades/{placed(api)['id']}"
    assert api.post(f"{path}/cancel").json()["status"] == "CANCELLED"
    assert api.delete(path).status_code == 204
    assert error(api.get(path)) == (404, "not_found")
    versions = api.get(f"{path}/history").json()["versions"]
    assert [version["change"] for version in versions] == ["OPENED", "CANCELLED", "DELETED"]
    assert {version["changed_by"] for version in versions} == {TRADER}


def test_nothing_is_overwritten_and_any_time_is_answered_as_it_was_known_then(api: Api) -> None:
    mine = ticker()
    first = placed(api, ticker=mine)
    path = f"/trades/{first['id']}"
    second = api.patch(path, json={"quantity": 11, "event_date": "2024-11-04T16:00:00Z"}).json()
    third = api.post(f"{path}/close", json={"exit_price": 200}).json()
    versions = api.get(f"{path}/history").json()["versions"]
    assert [version["version"] for version in versions] == [1, 2, 3]
    # Each is known until the next, and the last until now.
    assert [each["known_until"] for each in versions] == [
        *(each["known_from"] for each in versions[1:]),
        None,
    ]
    # When it happened and when it was learned are two times.
    assert versions[1]["event_date"] == "2024-11-04T16:00:00Z" != versions[1]["known_from"]
    for known, version in zip((first, second, third), versions, strict=True):
        as_of = {"as_of": version["known_from"]}
        assert api.get(path, params=as_of).json() == known
        assert api.get("/trades", params={"ticker": mine, **as_of}).json()["trades"] == [known]
    before = {"as_of": "2020-01-01T00:00:00Z"}
    assert error(api.get(path, params=before)) == (404, "not_found")
    assert api.get("/trades", params={"ticker": mine, **before}).json()["total"] == 0
    assert api.get("/trades/metrics/portfolio", params=before).json()["total_trades"] == 0


def test_the_same_request_with_the_same_key_is_done_once(api: Api) -> None:
    mine, key = ticker(), {"Idempotency-Key": uuid4().hex}
    first = api.post("/trades", json=trade(ticker=mine), headers=key)
    again = api.post("/trades", json=trade(ticker=mine), headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert error(api.post("/trades", json=trade(ticker=mine, quantity=11), headers=key)) == (409, "conflict")
    assert api.get("/trades", params={"ticker": mine}).json()["total"] == 1


def test_no_row_is_shown_twice_or_lost_between_pages(api: Api) -> None:
    mine = ticker()
    # All of the same time: only `id` tells them apart.
    ids = {placed(api, ticker=mine)["id"] for _ in range(7)}
    pages = [
        api.get("/trades", params={"ticker": mine, "page": page, "page_size": 3}).json()
        for page in (1, 2, 3, 4)
    ]
    assert [len(page["trades"]) for page in pages] == [3, 3, 1, 0]
    assert {(page["total"], page["total_pages"], page["page_size"]) for page in pages} == {(7, 3, 3)}
    shown = [row["id"] for page in pages for row in page["trades"]]
    assert sorted(shown) == sorted(ids)


def test_metrics_add_up_what_was_earned_in_one_currency(api: Api) -> None:
    mine = ticker()

    def figures() -> dict[str, Any]:
        return exact(api.get("/trades/metrics/portfolio", params={"currency": "USD"}))

    before = figures()
    for exit_price in ("12", "9"):
        body = placed(
            api,
            ticker=mine,
            currency="USD",
            quantity="10",
            entry_price="10",
            commission="0",
            strategy_name="x",
        )
        assert api.post(f"/trades/{body['id']}/close", json={"exit_price": exit_price}).status_code == 200
    placed(api, ticker=mine, currency="USD", quantity="2", entry_price="50")
    after = figures()
    gained = {
        name: after[name] - before[name]
        for name in ("total_pnl", "invested_value", "closed_trades", "open_trades", "winning_trades")
    }
    assert gained == {
        "total_pnl": 10,
        "invested_value": 100,
        "closed_trades": 2,
        "open_trades": 1,
        "winning_trades": 1,
    }
    assert after["total_value"] == 100000 + after["total_pnl"]
    assert after["cash_balance"] == after["total_value"] - after["invested_value"]
    rows = api.get("/trades/metrics/by-ticker", params={"currency": "USD"}).json(parse_float=Decimal)
    [row] = [row for row in rows if row["ticker"] == mine]
    assert (row["total_pnl"], row["closed_trades"], row["win_rate"]) == (10, 2, 50)
    dashboard = exact(api.get("/trades/metrics/dashboard", params={"currency": "USD"}))
    assert dashboard["portfolio"] == after
    # Australia's dollars are another sum.
    assert mine not in [
        row["ticker"] for row in api.get("/trades/metrics/by-ticker", params={"currency": "AUD"}).json()
    ]


def test_an_answer_its_log_line_and_the_access_log_have_the_same_request_id(served: Served, api: Api) -> None:
    answer = api.get("/trades", params={"page_size": 1})
    request_id = answer.headers["X-Request-Id"]
    assert answer.headers["apigw-requestid"] == request_id
    assert request_id in served.logged("trades")
    group = f"/aws/apigateway/potential-parakeet-{served.settings.name}"

    def logged() -> bool:
        events = served.account.pages("logs", "filter_log_events", "events", logGroupName=group)
        return any(request_id in event["message"] for event in events)

    # It is written after the answer.
    deadline = time.monotonic() + 30
    while not logged() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert logged()


def test_times_are_answered_in_utc(api: Api) -> None:
    body = placed(api, entry_date="2024-11-04T10:30:00+11:00")
    assert body["entry_date"] == "2024-11-03T23:30:00Z"
    assert datetime.fromisoformat(body["created_at"]).utcoffset() is not None
    assert body["created_at"].endswith("Z")
