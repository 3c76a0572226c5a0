"""The trades API, from event to answer, on a real PostgreSQL."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from functions.database.connection import Database
from functions.runtime.errors import ConflictError
from functions.trades import handler as trades
from functions.trades import store
from functions.trades.trades import closed
from tests.functions.calling import Call
from tests.functions.events import EMAIL, NO_DAYS, event
from tests.functions.postgresql import PostgreSql
from tests.functions.trades.bodies import NEW

pytestmark = pytest.mark.integration

ROBOT = {"lambda": {"common_name": "robot.access"}}


def opened(call: Call, **changed: Any) -> dict[str, Any]:
    status, trade = call("POST", "/trades", {**NEW, **changed})
    assert status == 201, trade
    found: dict[str, Any] = trade
    return found


def test_a_new_trade_is_open_with_the_contracts_defaults(call: Call) -> None:
    trade = opened(call, ticker=" spy ")
    assert trade.pop("created_at") == trade.pop("updated_at")
    day = trade.pop("trade_id")
    assert day.startswith("TRD-")
    assert day.endswith("-0001")
    assert trade == {
        "id": 1,
        "ticker": "SPY",
        "asset_name": None,
        "asset_class": None,
        "direction": "BUY",
        "quantity": 10,
        "entry_price": Decimal("100.5"),
        "exit_price": None,
        "commission": Decimal("3.00"),
        "currency": "AUD",
        "entry_date": "2025-01-02T00:00:00Z",
        "exit_date": None,
        "strategy_name": "dual_momentum",
        "signal_score": None,
        "notes": None,
        "status": "OPEN",
        "pnl": None,
        "pnl_percent": None,
        "changed_by": EMAIL,
    }


def test_the_largest_and_the_smallest_numbers_come_back_digit_for_digit(call: Call) -> None:
    text = json.dumps({**NEW, "quantity": "999999999999.99999999"}).replace("100.5", "0.00000001")
    status, trade = call("POST", "/trades", text=text)
    assert status == 201
    _, settled = call("POST", f"/trades/{trade['id']}/close", text='{"exit_price":999999999999.99999999}')
    largest, smallest = Decimal("999999999999.99999999"), Decimal("0.00000001")
    assert (settled["quantity"], settled["entry_price"]) == (largest, smallest)
    exact = (Fraction(largest) - Fraction(smallest)) * Fraction(largest) - 3
    assert Fraction(settled["pnl"]) == exact


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"ticker": "   "}, 422),
        ({"ticker": ""}, 422),
        ({"ticker": "X" * 21}, 422),
        ({"ticker": "ß" * 11}, 422),
        ({"ticker": "A\u200bB"}, 422),
        ({"ticker": "\u0000"}, 400),
        ({"ticker": None}, 400),
        ({"trade_id": ""}, 422),
        ({"trade_id": "x" * 51}, 422),
        ({"asset_name": "x" * 101}, 422),
        ({"asset_class": "x" * 51}, 422),
        ({"direction": "HOLD"}, 422),
        ({"direction": "buy"}, 422),
        ({"quantity": 0}, 422),
        ({"quantity": -1}, 422),
        ({"entry_price": 0}, 422),
        ({"commission": -0.01}, 422),
        ({"currency": "EUR"}, 422),
        ({"entry_date": "2025-01-02T00:00:00"}, 400),
        ({"entry_date": "yesterday"}, 400),
        ({"strategy_name": "x" * 101}, 422),
        ({"signal_score": 1.01}, 422),
        ({"notes": "x" * 10_001}, 422),
        ({"status": "CLOSED"}, 422),
        ({"pnl": 1_000_000}, 422),
    ],
)
def test_what_a_trade_cannot_be_is_refused_and_nothing_is_kept(
    call: Call, changed: dict[str, Any], status: int
) -> None:
    found, body = call("POST", "/trades", {**NEW, **changed})
    (field,) = changed
    assert found == status, body
    assert status == 400 or [row["field"] for row in body["error"]["details"]] == [field]
    assert call("GET", "/trades")[1]["total"] == 0


def test_a_trade_id_that_is_taken_is_409_also_after_its_deletion(call: Call) -> None:
    trade = opened(call, trade_id="mine")
    assert call("POST", "/trades", {**NEW, "trade_id": "mine"})[0] == 409
    assert call("DELETE", f"/trades/{trade['id']}")[0] == 204
    assert call("POST", "/trades", {**NEW, "trade_id": "mine"})[0] == 409


def test_a_made_trade_id_steps_over_one_that_somebody_gave(call: Call) -> None:
    first = opened(call)["trade_id"]
    opened(call, trade_id=first.replace("-0001", "-0002"))
    assert opened(call)["trade_id"] == first.replace("-0001", "-0003")


def test_closing_settles_and_closing_again_is_409(call: Call) -> None:
    trade = opened(call)
    sent = {"exit_price": 110, "exit_date": "2025-02-03T10:00:00+10:00"}
    status, settled = call("POST", f"/trades/{trade['id']}/close", sent)
    assert status == 200
    assert (settled["status"], settled["exit_date"]) == ("CLOSED", "2025-02-03T00:00:00Z")
    assert (settled["pnl"], settled["pnl_percent"]) == (Decimal("92.00"), Decimal("9.154229"))
    assert call("POST", f"/trades/{trade['id']}/close", sent)[0] == 409
    assert call("POST", f"/trades/{trade['id']}/cancel")[0] == 409
    assert call("DELETE", f"/trades/{trade['id']}")[0] == 409


def test_closing_without_a_time_is_closing_now(call: Call) -> None:
    trade = opened(call)
    _, settled = call("POST", f"/trades/{trade['id']}/close", {"exit_price": 110})
    assert trade["created_at"] < settled["exit_date"] <= settled["updated_at"]


def test_an_exit_before_the_entry_is_422(call: Call) -> None:
    trade = opened(call)
    sent = {"exit_price": 110, "exit_date": "2025-01-01T00:00:00Z"}
    assert call("POST", f"/trades/{trade['id']}/close", sent)[0] == 422


def test_two_closes_at_once_are_one_200_and_one_409(server: PostgreSql, dbname: str, call: Call) -> None:
    trade_ids = [opened(call)["id"] for _ in range(5)]

    def close(trade_id: int) -> int:
        # As two execution environments: a connection each.
        database = Database(lambda _: server.parameters(dbname))
        try:
            with database.write() as cursor:
                latest = store.locked(cursor, trade_id)
                assert latest is not None
                changes = closed(latest, Decimal(110), latest["now"])
                told = {"change": "CLOSED", "event_date": latest["now"], "changed_by": EMAIL}
                store.replace(cursor, latest, {**changes, **told})
        except ConflictError:
            return 409
        finally:
            database.close()
        return 200

    with ThreadPoolExecutor(2) as pool:
        for trade_id in trade_ids:
            assert sorted(pool.map(close, [trade_id, trade_id])) == [200, 409]
            assert call("GET", f"/trades/{trade_id}/history")[1]["total"] == 2


def test_a_correction_changes_only_what_is_sent(call: Call) -> None:
    trade = opened(call, notes="as filled")
    status, corrected = call("PATCH", f"/trades/{trade['id']}", {"quantity": 12.5})
    assert status == 200
    expected = {**trade, "quantity": Decimal("12.5"), "updated_at": corrected["updated_at"]}
    assert corrected == expected
    assert call("PATCH", f"/trades/{trade['id']}", {"notes": None})[1]["notes"] is None


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"status": "CLOSED"}, 422),
        ({"quantity": 0}, 422),
        ({"quantity": None}, 400),
        ({"ticker": " "}, 422),
        ({"exit_price": 5}, 409),
        ({"id": 7}, 422),
        ({"trade_id": "other"}, 422),
        ({}, 422),
    ],
)
def test_a_correction_that_makes_no_sense_changes_nothing(
    call: Call, sent: dict[str, Any], status: int
) -> None:
    trade = opened(call)
    assert call("PATCH", f"/trades/{trade['id']}", sent)[0] == status
    assert call("GET", f"/trades/{trade['id']}")[1] == trade
    assert call("GET", f"/trades/{trade['id']}/history")[1]["total"] == 1


def test_when_it_happened_and_when_it_was_learned_are_both_kept(call: Call) -> None:
    trade = opened(call)
    happened = "2025-01-15T03:00:00Z"
    call("PATCH", f"/trades/{trade['id']}", {"quantity": 11, "event_date": happened}, authorizer=ROBOT)
    _, history = call("GET", f"/trades/{trade['id']}/history")
    first, second = history["versions"]
    assert (first["version"], first["change"], first["event_date"]) == (1, "OPENED", NEW["entry_date"])
    assert (second["version"], second["change"], second["event_date"]) == (2, "CORRECTED", happened)
    assert first["known_until"] == second["known_from"] > happened
    assert second["known_until"] is None
    assert (first["changed_by"], second["changed_by"]) == (EMAIL, "robot.access")
    assert (first["quantity"], second["quantity"]) == (10, 11)


def test_a_deleted_trade_is_gone_but_its_history_stays(call: Call) -> None:
    trade = opened(call)
    path = f"/trades/{trade['id']}"
    assert call("DELETE", path) == (204, None)
    assert call("GET", path)[0] == call("DELETE", path)[0] == call("PATCH", path, {"notes": ""})[0] == 404
    assert call("GET", "/trades")[1]["total"] == 0
    _, history = call("GET", path + "/history")
    assert [version["change"] for version in history["versions"]] == ["OPENED", "DELETED"]


def test_as_of_answers_as_the_platform_knew_it_then(call: Call) -> None:
    trade = opened(call)
    path = f"/trades/{trade['id']}"
    before = trade["created_at"]
    call("PATCH", path, {"quantity": 20})
    _, settled = call("POST", path + "/close", {"exit_price": 110})
    call("PATCH", path, {"commission": 0})

    def then(path: str, time: str) -> Any:
        status, body = call("GET", path, query={"as_of": time})
        assert status == 200, body
        return body

    assert then(path, before) == trade
    assert then("/trades", before)["trades"] == [trade]
    assert then("/trades/metrics/portfolio", before)["invested_value"] == Decimal(1005)
    at_close = settled["updated_at"]
    assert then(path, at_close) == settled
    assert then("/trades/metrics/portfolio", at_close)["total_pnl"] == Decimal(187)
    assert then("/trades/metrics/dashboard", at_close)["last_updated"] == at_close
    assert then("/trades/metrics/by-ticker", at_close)[0]["total_pnl"] == Decimal(187)
    assert call("GET", "/trades/metrics/portfolio")[1]["total_pnl"] == Decimal(190)
    assert call("GET", path, query={"as_of": "2020-01-01T00:00:00Z"})[0] == 404
    assert then("/trades", "2020-01-01T00:00:00Z")["trades"] == []


def test_a_deletion_is_the_latest_change_too(call: Call) -> None:
    def last_updated(**query: str) -> str:
        return str(call("GET", "/trades/metrics/dashboard", query=query)[1]["last_updated"])

    kept, trade = opened(call), opened(call)
    call("DELETE", f"/trades/{trade['id']}")
    deleted = call("GET", f"/trades/{trade['id']}/history")[1]["versions"][-1]["known_from"]
    assert last_updated() == deleted > trade["created_at"]
    assert last_updated(as_of=deleted) == deleted
    assert last_updated(as_of=kept["created_at"]) == kept["created_at"]


def test_as_of_is_not_a_time_to_come(call: Call) -> None:
    assert call("GET", "/trades", query={"as_of": "2999-01-01T00:00:00Z"})[0] == 422
    assert call("GET", "/trades", query={"as_of": "2025-01-01"})[0] == 400


@pytest.mark.parametrize(
    ("action", "sent"),
    [
        ("", {"entry_date": "2999-01-01T00:00:00Z"}),
        ("", {"exit_date": "2999-01-01T00:00:00Z"}),
        ("", {"event_date": "2999-01-01T00:00:00Z"}),
        ("/close", {"exit_date": "2999-01-01T00:00:00Z"}),
    ],
)
def test_what_is_recorded_has_happened(call: Call, action: str, sent: dict[str, Any]) -> None:
    assert call("POST", "/trades", {**NEW, "entry_date": "2999-01-01T00:00:00Z"})[0] == 422
    trade = opened(call)
    path = f"/trades/{trade['id']}"
    if "exit_date" in sent and not action:
        assert call("POST", path + "/close", {"exit_price": 110})[0] == 200
    before = call("GET", path)[1]
    method, body = ("POST", {"exit_price": 110, **sent}) if action else ("PATCH", {"quantity": 20, **sent})
    status, refused = call(method, path + action, body)
    assert (status, refused["error"]["details"][0]["field"]) == (422, next(iter(sent)))
    assert call("GET", path)[1] == before
    # A caller's clock may be a little ahead.
    soon = f"{datetime.now(UTC) + timedelta(seconds=20):%Y-%m-%dT%H:%M:%SZ}"
    assert call(method, path + action, body | dict.fromkeys(sent, soon))[0] == 200


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize(
    ("id", "status"), [("999", 404), ("x", 400), ("0", 422), (str(2**63), 422), ("-1", 422)]
)
def test_a_trade_that_is_not_there(call: Call, method: str, id: str, status: int) -> None:
    assert call(method, f"/trades/{id}")[0] == status


def test_the_same_key_and_body_is_done_once_and_answered_alike(call: Call) -> None:
    headers = {"Idempotency-Key": "order-1"}
    first = call("POST", "/trades", NEW, headers=headers)
    assert first[0] == 201
    reordered = dict(reversed(NEW.items()))
    assert call("POST", "/trades", reordered, headers=headers) == first
    assert call("POST", "/trades", {**NEW, "quantity": 11}, headers=headers)[0] == 409
    assert call("GET", "/trades")[1]["total"] == 1


def test_a_key_is_its_callers_own(call: Call) -> None:
    headers = {"Idempotency-Key": "order-1"}
    assert call("POST", "/trades", NEW, headers=headers)[1]["id"] == 1
    assert call("POST", "/trades", NEW, headers=headers, authorizer=ROBOT)[1]["id"] == 2


def test_a_close_that_is_sent_twice_with_its_key_is_200_twice(call: Call) -> None:
    trade = opened(call)
    path, headers = f"/trades/{trade['id']}/close", {"Idempotency-Key": "close-1"}
    first = call("POST", path, {"exit_price": 110}, headers=headers)
    assert first[0] == 200
    assert call("POST", path, {"exit_price": 110}, headers=headers) == first
    assert call("POST", path, {"exit_price": 111}, headers=headers)[0] == 409
    assert call("POST", f"/trades/{trade['id']}/cancel", headers=headers)[0] == 409


def test_a_request_that_failed_does_not_use_up_its_key(call: Call) -> None:
    headers = {"Idempotency-Key": "order-1"}
    opened(call, trade_id="mine")
    assert call("POST", "/trades", {**NEW, "trade_id": "mine"}, headers=headers)[0] == 409
    assert call("POST", "/trades", {**NEW, "trade_id": "other"}, headers=headers)[0] == 201


def test_a_key_is_kept_for_24_hours(call: Call, server: PostgreSql, dbname: str) -> None:
    headers = {"Idempotency-Key": "order-1"}
    first = call("POST", "/trades", NEW, headers=headers)
    age = "UPDATE parakeet.idempotency_keys SET created_at = created_at - interval '{}'"
    server.execute(age.format("23 hours 59 minutes"), dbname=dbname)
    assert call("POST", "/trades", NEW, headers=headers) == first
    server.execute(age.format("2 minutes"), dbname=dbname)
    assert call("POST", "/trades", {**NEW, "quantity": 11}, headers=headers)[1]["id"] == 2


def test_an_odd_key_is_422(call: Call) -> None:
    assert call("POST", "/trades", NEW, headers={"Idempotency-Key": "x" * 256})[0] == 422


def test_a_list_is_filtered_by_each_of_its_fields(call: Call) -> None:
    spy = opened(call, entry_date="2025-01-02T12:59:59Z")["id"]  # 2 January in Sydney
    qqq = opened(call, ticker="QQQ", strategy_name="olmar", entry_date="2025-01-02T13:00:00Z")["id"]
    call("POST", f"/trades/{qqq}/close", {"exit_price": 90})

    def ids(**query: Any) -> list[int]:
        status, body = call("GET", "/trades", query={**query, "sort_desc": "false"})
        assert status == 200, body
        return [trade["id"] for trade in body["trades"]]

    assert ids() == [spy, qqq]
    assert ids(ticker="qqq") == [qqq]
    assert ids(status="OPEN") == [spy]
    assert ids(strategy="olmar") == [qqq]
    assert ids(start_date="2025-01-03") == [qqq]
    assert ids(end_date="2025-01-02") == [spy]
    assert ids(start_date="2025-01-02", end_date="2025-01-03") == [spy, qqq]
    assert ids(start_date="2025-01-02T13:00:00Z") == [qqq]
    assert ids(end_date="2025-01-02T13:00:00Z") == [spy, qqq]


def test_the_first_and_the_last_moment_of_the_calendar_are_times_too(call: Call) -> None:
    first, last = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"
    assert opened(call, entry_date=first)["entry_date"] == first
    for query in (
        {"start_date": "0001-01-01", "end_date": "9999-12-31"},
        {"start_date": first, "end_date": last},
    ):
        assert call("GET", "/trades", query=query)[1]["total"] == 1
    assert call("GET", "/trades/metrics/dashboard", query={"as_of": first})[0] == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"status": "PENDING"}, 422),
        ({"sort_by": "password"}, 422),
        ({"sort_by": "id; DROP TABLE parakeet.trade_versions"}, 422),
        ({"sort_desc": "maybe"}, 400),
        *(({"start_date": text}, 400) for text in NO_DAYS if not text.endswith("Z")),
        ({"start_date": "2025-01-02T00:00:00"}, 400),
        ({"start_date": "2025-01-03", "end_date": "2025-01-02"}, 422),
        ({"page_size": 201}, 422),
        ({"page": 0}, 422),
        ({"tikcer": "SPY"}, 422),
    ],
)
def test_a_list_that_makes_no_sense_is_refused(call: Call, query: dict[str, Any], status: int) -> None:
    assert call("GET", "/trades", query=query)[0] == status


def test_an_empty_list_has_one_page_and_a_page_behind_the_last_is_empty(call: Call) -> None:
    assert call("GET", "/trades")[1] == {
        "trades": [],
        "total": 0,
        "page": 1,
        "page_size": 50,
        "total_pages": 1,
    }
    opened(call)
    _, behind = call("GET", "/trades", query={"page": 10**9, "page_size": 200})
    assert (behind["trades"], behind["total"], behind["total_pages"]) == ([], 1, 1)


def test_currencies_are_never_added(call: Call) -> None:
    for currency, price in (("AUD", 110), ("USD", 200)):
        trade = opened(call, currency=currency)
        call("POST", f"/trades/{trade['id']}/close", {"exit_price": price})
    assert call("GET", "/trades/metrics/portfolio")[1]["total_pnl"] == Decimal(92)
    assert call("GET", "/trades/metrics/portfolio", query={"currency": "USD"})[1]["total_pnl"] == Decimal(992)
    assert call("GET", "/trades/metrics/dashboard")[1]["today_pnl"] == Decimal(92)
    assert len(call("GET", "/trades/metrics/by-ticker")[1]) == 1


def test_the_dashboard_adds_up_sydneys_day_week_and_month(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Wednesday, 15 January 2025, 09:00 in Sydney, which is 11 hours ahead of UTC then.
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Clock":
            return cls(2025, 1, 14, 22, tzinfo=tz)

    for profit, closed_at in [
        (1, "2025-01-14T13:00:00Z"),  # today, from midnight on
        (10, "2025-01-14T12:59:59Z"),  # yesterday
        (100, "2025-01-12T13:00:00Z"),  # Monday
        (1000, "2025-01-12T12:59:59Z"),  # Sunday
        (10000, "2024-12-31T13:00:00Z"),  # New Year
        (100000, "2024-12-31T12:59:59Z"),  # last year
        (1000000, "2025-01-15T13:00:00Z"),  # tomorrow
    ]:
        trade = opened(call, quantity=1, commission=0, entry_price=100, entry_date="2024-01-01T00:00:00Z")
        sent = {"exit_price": 100 + profit, "exit_date": closed_at}
        assert call("POST", f"/trades/{trade['id']}/close", sent)[0] == 200
    monkeypatch.setattr(trades, "datetime", Clock)
    _, dashboard = call("GET", "/trades/metrics/dashboard")
    assert [dashboard[name] for name in ("today_pnl", "week_pnl", "month_pnl")] == [1, 111, 11111]
    assert len(dashboard["recent_trades"]) == 7


def test_metrics_of_nothing_are_null_and_not_divided_by(call: Call) -> None:
    _, portfolio = call("GET", "/trades/metrics/portfolio", query={"initial_capital": "50000.50"})
    assert portfolio["total_value"] == Decimal("50000.50")
    assert [portfolio[name] for name in ("win_rate", "avg_win", "best_trade")] == [None, None, None]
    assert call("GET", "/trades/metrics/by-ticker") == (200, [])
    assert call("GET", "/trades/metrics/dashboard")[1]["last_updated"] is None


@pytest.mark.parametrize("capital", ["0", "-1", "1e5"])
def test_an_initial_capital_has_to_be_a_positive_decimal(call: Call, capital: str) -> None:
    assert call("GET", "/trades/metrics/portfolio", query={"initial_capital": capital})[0] in (400, 422)


def test_a_request_of_nobody_changes_nothing(call: Call) -> None:
    trade = opened(call)
    path = f"/trades/{trade['id']}"
    for method, place, body in [
        ("POST", "/trades", NEW),
        ("PATCH", path, {"notes": "x"}),
        ("POST", path + "/close", {"exit_price": 1}),
        ("POST", path + "/cancel", None),
        ("DELETE", path, None),
    ]:
        assert trades.handler(event(method, place, body, authorizer={}), None)["statusCode"] == 401
    assert call("GET", path + "/history")[1]["total"] == 1
