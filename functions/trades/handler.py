"""The trades API."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from functions.database.connection import Cursor, database
from functions.database.idempotency import claim, keep
from functions.runtime import json_text
from functions.runtime.errors import ConflictError, InvalidError, NotFoundError
from functions.runtime.fields import DayOrInstant, Exact, Instant, OneTo, Ticker
from functions.runtime.http_api import HttpApi
from functions.runtime.paging import PageNumber, PageSize, paged
from functions.runtime.parameters import Body, Header, Path, Query
from functions.trades import metrics, store
from functions.trades.model import (
    MAX_ID,
    Correction,
    Currency,
    Dashboard,
    Exit,
    HistoryPage,
    NewTrade,
    Portfolio,
    Status,
    TickerStatistics,
    Trade,
    TradePage,
    Version,
)
from functions.trades.trades import cancelled, closed, corrected, refuse_deletion

Id = Annotated[int, OneTo(MAX_ID), Path()]
AsOf = Annotated[Instant | None, Query(description="What the platform knew at this time")]
Capital = Annotated[Decimal, Exact(digits=20, places=8, gt=0), Query()]
InCurrency = Annotated[Currency, Query(description="Currencies are never added")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="The same request with the same key is done once, within 24 hours",
    ),
]

# Servers' clocks differ a little; an answer's own known_from has to be a time that may be asked about.
CLOCK_LEEWAY = timedelta(minutes=1)
RECENT = 10

api = HttpApi()


@api.post("/trades", status_code=201, tags=["trades"])
def open_trade(trade: NewTrade, idempotency_key: IdempotencyKey = None) -> Trade:
    """Record a trade that was entered into."""
    by = api.caller
    _refuse_future(entry_date=trade.entry_date)

    def opened(cursor: Cursor) -> store.Row:
        now = store.clock(cursor)
        row = store.insert(
            cursor,
            {
                **dict(trade),
                **dict.fromkeys(("exit_price", "exit_date", "pnl", "pnl_percent")),
                "status": "OPEN",
                "change": "OPENED",
                "event_date": trade.entry_date,
                "changed_by": by,
                "created_at": now,
                "known_from": now,
            },
        )
        if row is None:
            taken = {
                "field": "trade_id",
                "in": "body",
                "value": trade.trade_id,
                "allowed": "One that is not taken",
            }
            raise ConflictError("There is a trade of this trade_id already.", [taken])
        return row

    return _once(idempotency_key, by, trade, opened)


@api.get("/trades", tags=["trades"])
def list_trades(
    *,
    ticker: Annotated[Ticker | None, Query()] = None,
    status: Annotated[Status | None, Query()] = None,
    strategy: Annotated[str | None, Query(min_length=1, max_length=100)] = None,
    start_date: Annotated[DayOrInstant | None, Query(description="Entered then or later")] = None,
    end_date: Annotated[DayOrInstant | None, Query(description="Entered then or earlier")] = None,
    sort_by: Annotated[store.SortBy, Query()] = "entry_date",
    sort_desc: Annotated[bool, Query()] = True,
    page: PageNumber = 1,
    page_size: PageSize = 50,
    as_of: AsOf = None,
) -> TradePage:
    """Trades, page by page. A day of start_date or end_date is Sydney's, and the last one belongs to them."""
    start, end = _begin(start_date), _end(end_date)
    if start and end and start >= end:
        raise InvalidError.field("end_date", end_date, "Not before the start_date", place="query")
    filters = {"ticker": ticker, "status": status, "strategy": strategy, "start": start, "end": end}
    with database().read() as cursor:
        rows, total = store.find_page(
            cursor,
            filters=filters,
            sort_by=sort_by,
            sort_desc=sort_desc,
            page=page,
            page_size=page_size,
            as_of=_past(as_of),
        )
    return TradePage(
        trades=[Trade.model_validate(row) for row in rows],
        **paged(total, page, page_size),
    )


@api.get("/trades/metrics/portfolio", tags=["metrics"])
def get_portfolio(
    initial_capital: Capital = Decimal(100000), currency: InCurrency = "AUD", as_of: AsOf = None
) -> Portfolio:
    """Value, return and statistics of all trades in one currency."""
    with database().read() as cursor:
        totals = store.totals(cursor, currency, _past(as_of))
    return Portfolio.model_validate(metrics.portfolio(totals, initial_capital, currency))


@api.get("/trades/metrics/dashboard", tags=["metrics"])
def get_dashboard(
    initial_capital: Capital = Decimal(100000), currency: InCurrency = "AUD", as_of: AsOf = None
) -> Dashboard:
    """The portfolio, the latest trades, and what today, this week and this month earned, in Sydney."""
    past = _past(as_of)
    began, ends = metrics.periods(past or datetime.now(UTC))
    with database().read() as cursor:
        totals = store.totals(cursor, currency, past)
        recent, _ = store.find_page(
            cursor,
            filters={"currency": currency},
            sort_by="entry_date",
            sort_desc=True,
            page=1,
            page_size=RECENT,
            as_of=past,
        )
        earned = store.earned_since(cursor, currency, began, ends, past)
        last_updated = store.last_change(cursor, currency, past)
    portfolio = metrics.portfolio(totals, initial_capital, currency)
    return Dashboard(
        portfolio=Portfolio.model_validate(portfolio),
        recent_trades=[Trade.model_validate(row) for row in recent],
        open_positions=portfolio["open_trades"],
        last_updated=last_updated,
        **earned,
    )


@api.get("/trades/metrics/by-ticker", tags=["metrics"])
def list_ticker_statistics(
    initial_capital: Capital = Decimal(100000), currency: InCurrency = "AUD", as_of: AsOf = None
) -> list[TickerStatistics]:
    """How the trades of each ticker did, by ticker."""
    with database().read() as cursor:
        totals = store.totals(cursor, currency, _past(as_of))
    return [
        TickerStatistics.model_validate(metrics.ticker_statistics(row, initial_capital, currency))
        for row in totals
    ]


@api.get("/trades/<trade>", tags=["trades"])
def get_trade(trade: Id, as_of: AsOf = None) -> Trade:
    """A trade as it is known, or was known at a time."""
    with database().read() as cursor:
        return Trade.model_validate(_found(store.find(cursor, trade, _past(as_of)), trade))


@api.get("/trades/<trade>/history", tags=["trades"])
def get_history(trade: Id, page: PageNumber = 1, page_size: PageSize = 50) -> HistoryPage:
    """All that was ever known of a trade, oldest first, also after it was deleted."""
    with database().read() as cursor:
        rows, total = store.history(cursor, trade, page, page_size)
    _found(total or None, trade)
    return HistoryPage(
        versions=[Version.model_validate(row) for row in rows],
        **paged(total, page, page_size),
    )


@api.patch("/trades/<trade>", tags=["trades"])
def correct_trade(trade: Id, correction: Annotated[Correction, Body()]) -> Trade:
    """Correct what was recorded. What a closed trade earned follows from it."""
    by = api.caller
    sent: dict[str, Any] = dict(correction)
    event_date = sent.pop("event_date", None)
    _refuse_future(entry_date=sent.get("entry_date"), exit_date=sent.get("exit_date"), event_date=event_date)
    with database().write() as cursor:
        latest = _found(store.locked(cursor, trade), trade)
        changes = corrected(latest, sent)
        if changes or event_date:
            latest = store.replace(
                cursor,
                latest,
                {
                    **changes,
                    "change": "CORRECTED",
                    "event_date": event_date or latest["now"],
                    "changed_by": by,
                },
            )
    return Trade.model_validate(latest)


@api.post("/trades/<trade>/close", tags=["trades"])
def close_trade(trade: Id, exit: Exit, idempotency_key: IdempotencyKey = None) -> Trade:
    """Close an open trade, which settles what it earned."""
    by = api.caller
    _refuse_future(exit_date=exit.exit_date)

    def settled(cursor: Cursor) -> store.Row:
        latest = _found(store.locked(cursor, trade), trade)
        exit_date = exit.exit_date or latest["now"]
        changes = closed(latest, exit.exit_price, exit_date)
        told = {"change": "CLOSED", "event_date": exit_date, "changed_by": by}
        return store.replace(cursor, latest, {**changes, **told})

    return _once(idempotency_key, by, exit, settled)


@api.post("/trades/<trade>/cancel", tags=["trades"])
def cancel_trade(trade: Id, idempotency_key: IdempotencyKey = None) -> Trade:
    """Cancel an open trade."""
    by = api.caller

    def ended(cursor: Cursor) -> store.Row:
        latest = _found(store.locked(cursor, trade), trade)
        told = {"change": "CANCELLED", "event_date": latest["now"], "changed_by": by}
        return store.replace(cursor, latest, {**cancelled(latest), **told})

    return _once(idempotency_key, by, None, ended)


@api.delete("/trades/<trade>", status_code=204, tags=["trades"])
def delete_trade(trade: Id) -> None:
    """Delete a trade that is open or cancelled. Its history stays."""
    by = api.caller
    with database().write() as cursor:
        latest = _found(store.locked(cursor, trade), trade)
        refuse_deletion(latest)
        told = {"change": "DELETED", "event_date": latest["now"], "changed_by": by}
        store.replace(cursor, latest, told)


def _once(key: str | None, by: str, body: Any, change: Callable[[Cursor], store.Row]) -> Trade:
    """The change's answer; with a key that was used before, the first one."""
    request = f"{api.current_event.http_method} {api.current_event.path}\n{json_text.write(body)}"
    with database().write() as cursor:
        if key is not None and (first := claim(cursor, by, key, request)) is not None:
            return Trade.model_validate(json_text.read(first))
        trade = Trade.model_validate(change(cursor))
        if key is not None:
            keep(cursor, by, key, json_text.write(trade))
    return trade


def _found(row: Any, trade: int) -> Any:
    if row is None:
        raise NotFoundError(f"There is no trade {trade}.")
    return row


def _past(as_of: datetime | None) -> datetime | None:
    _refuse_future("query", as_of=as_of)
    return as_of


def _refuse_future(place: str = "body", **times: datetime | None) -> None:
    latest = datetime.now(UTC) + CLOCK_LEEWAY
    for name, time in times.items():
        if time is not None and time > latest:
            raise InvalidError.field(name, time, "Not in the future", place=place)


def _begin(day: date | None) -> datetime | None:
    if day is None or isinstance(day, datetime):
        return day
    return datetime(day.year, day.month, day.day, tzinfo=metrics.SYDNEY)


def _end(day: date | None) -> datetime | None:
    """Excluded."""
    if day is None:
        return None
    try:
        if isinstance(day, datetime):
            return day + timedelta(microseconds=1)
        return _begin(day + timedelta(days=1))
    except OverflowError:
        # The end of the calendar ends nothing.
        return None


handler = api.handler
