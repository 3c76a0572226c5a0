"""A backtest from its request to what is stored. Whatever is wrong is refused before any price is read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from pydantic import ValidationError

from functions.market.asked import instruments_of, refuse_unknown
from functions.market.cache import Snapshot
from functions.market.panel import load_audusd, load_closes
from functions.market.universe import Universe
from functions.runtime.errors import InvalidError
from functions.runtime.invalid import error_of
from functions.strategies.backtest import Backtest, backtest
from functions.strategies.estimate import Size, refuse_what_does_not_end
from functions.strategies.metrics import Metrics, metrics
from functions.strategies.model import RunRequest
from functions.strategies.prices import Prices
from functions.strategies.rebalancing import Calendar, Costs
from functions.strategies.strategy import Strategy

# Its days are the market's, so that an asset's end is seen even where nothing else is asked for.
MARKET = "SPY"
_CENT, _EIGHT_PLACES, _SIX_PLACES = Decimal("0.01"), Decimal("0.00000001"), Decimal("0.000001")


@dataclass(frozen=True)
class Plan:
    """A run that is possible: `loaded` are the tickers whose closes it reads, from `since` on."""

    strategy: Strategy
    request: RunRequest
    candidates: tuple[str, ...]
    loaded: tuple[str, ...]
    since: date
    start: date
    end: date


@dataclass(frozen=True)
class Outcome:
    """What a run made: `row` are the columns of its result, `trades` the rows of its trades."""

    row: Mapping[str, Any]
    trades: list[tuple[Any, ...]]


def plan(
    strategy_class: type[Strategy],
    request: RunRequest,
    universe: Universe,
    snapshot: Snapshot,
    memory_mb: int,
) -> Plan:
    """Raises InvalidError or MalformedError with field, value and what is allowed, for all that cannot be
    run.
    """
    strategy = _strategy(strategy_class, request.parameters)
    candidates = _candidates(request, universe)
    refuse_unknown(strategy.besides, universe, field="parameters")
    strategy.refuse_candidates(len(candidates))
    entries = [
        snapshot.catalogue.tickers[ticker] for ticker in candidates if ticker in snapshot.catalogue.tickers
    ]
    if not entries:
        raise InvalidError.field("tickers", None, "At least one that has bars; POST /data/refresh gets them")
    oldest = date.fromisoformat(min(entry.first for entry in entries))
    market_day = snapshot.catalogue.market_day
    assert market_day is not None, "a catalogue with a ticker's bars has a market"
    # Beyond the market's day, most others would seem to have no price. Candidates that ended before it do not
    # end the run: what it holds of them is sold, and what a strategy needs besides goes on.
    start, end = max(request.start, oldest), min(request.end or market_day, market_day)
    newest = min(date.fromisoformat(max(entry.last for entry in entries)), market_day)
    if start >= min(end, newest):
        raise InvalidError.field(
            "start", request.start, f"Before the end, and before {newest}, the last day of these tickers"
        )
    # Of seven days about two and a half are no trading days.
    since = start - timedelta(days=strategy.bars * 8 // 5 + 10)
    loaded = tuple(sorted({*candidates, *strategy.besides, MARKET}))
    size = Size(
        days=int(np.busday_count(since, end)) + 1,
        tickers=len(loaded),
        decisions=(end - start).days // (7 if strategy.calendar is Calendar.WEEKLY else 28) + 2,
        bars=strategy.bars_read,
        held=strategy.held_at_most(len(candidates)),
    )
    refuse_what_does_not_end(size, memory_mb)
    return Plan(strategy, request, candidates, loaded, since, start, end)


def execute(plan: Plan, snapshot: Snapshot) -> Outcome:
    """Raises InvalidError where the prices themselves do not allow the run."""
    request = plan.request
    closes = load_closes(snapshot, plan.loaded, plan.since, plan.end)
    first = int(np.searchsorted(closes.dates, np.datetime64(plan.start, "D")))
    if len(closes.dates) - first < 2:
        raise InvalidError.field("start", request.start, "At least two trading days before the end")
    rates = None
    if request.currency == "AUD":
        rates = load_audusd(snapshot, closes.dates)
        if np.isnan(rates[first]):
            raise InvalidError.field(
                "start", request.start, "A day on which AUDUSD is known, or currency USD"
            )
    prices = Prices.of(closes.dates, closes.tickers, closes.adjusted, frozenset(plan.candidates))
    costs = Costs(**dict(request.costs))
    made = backtest(
        plan.strategy, prices, first, capital=float(request.initial_capital), costs=costs, rates=rates
    )
    figures = metrics(made.equity, made.invested, float(np.abs(made.trades.values).sum()))
    return Outcome(_row(plan, snapshot, made, figures), _trades(made))


def _strategy(strategy_class: type[Strategy], parameters: Mapping[str, Any]) -> Strategy:
    try:
        return strategy_class.model_validate(parameters)
    except ValidationError as error:
        rows = [{**row, "loc": ("body", "parameters", *row["loc"])} for row in error.errors()]
        raise error_of(rows) from None


def _candidates(request: RunRequest, universe: Universe) -> tuple[str, ...]:
    if request.tickers is not None:
        refuse_unknown(request.tickers, universe)
        return tuple(request.tickers)
    assert request.index is not None
    return tuple(instrument.ticker for instrument in instruments_of(request.index, universe))


def _row(plan: Plan, snapshot: Snapshot, made: Backtest, figures: Metrics) -> dict[str, Any]:
    request, days = plan.request, made.days.tolist()
    return {
        "strategy": plan.strategy.name,
        "parameters": plan.strategy.model_dump_json(),
        "index": request.index,
        "tickers": list(plan.candidates),
        "start_date": days[0],
        "end_date": days[-1],
        "currency": request.currency,
        "initial_capital": request.initial_capital,
        **dict(request.costs),
        "final_equity": _exact(made.equity[-1], _CENT),
        "costs_paid": _exact(made.trades.costs.sum(), _CENT),
        "metrics": figures.model_dump_json(),
        "equity_curve": _equity_curve(made),
        "rebalances": _rebalances(made),
        "ingest_run": snapshot.manifest.state,
    }


def _equity_curve(made: Backtest) -> str:
    rows = zip(made.days.tolist(), made.equity.tolist(), strict=True)
    return "[" + ",".join(f'{{"date":"{day}","equity":{equity:.2f}}}' for day, equity in rows) + "]"


def _rebalances(made: Backtest) -> str:
    days = made.prices.days
    found = []
    for decision in made.decisions:
        held = np.flatnonzero(decision.weights)
        weights = {made.prices.tickers[column]: round(float(decision.weights[column]), 6) for column in held}
        executed = None if decision.executed is None else str(days[decision.executed])
        found.append({"decided": str(days[decision.decided]), "executed": executed, "weights": weights})
    return json.dumps(found, separators=(",", ":"))


def _trades(made: Backtest) -> list[tuple[Any, ...]]:
    trades = made.trades
    return [
        (
            number,
            day,
            made.prices.tickers[column],
            "BUY" if units > 0 else "SELL",
            _exact(abs(units), _EIGHT_PLACES),
            _exact(price, _SIX_PLACES),
            _exact(abs(value), _CENT),
            _exact(cost, _CENT),
        )
        for number, (day, column, units, price, value, cost) in enumerate(
            zip(
                made.prices.days[trades.rows].tolist(),
                trades.columns.tolist(),
                trades.units.tolist(),
                trades.prices.tolist(),
                trades.values.tolist(),
                trades.costs.tolist(),
                strict=True,
            ),
            start=1,
        )
    ]


def _exact(value: float, places: Decimal) -> Decimal:
    return Decimal(float(value)).quantize(places)
