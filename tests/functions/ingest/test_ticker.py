"""One ticker: what is asked, what is kept, what is replaced."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from functions.ingest.provider import NoDataError, ProviderError, UnknownTickerError
from functions.ingest.ticker import (
    HISTORY_START,
    OVERLAP_BARS,
    WITHDRAWN_AT_MOST,
    Outcome,
    TickerIngest,
)
from functions.market.bars import ADJUSTED_CLOSE, HOLIDAYS, Bars, Quotes
from functions.market.cache import Cache
from functions.market.layout import COLUMNS, MILLIONTHS
from functions.market.manifest import Entry
from functions.market.parquet import on_disk
from functions.market.universe import AUDUSD, Instrument
from tests.functions.market_cache import Market

pytestmark = pytest.mark.integration

X = Instrument("X", "A made-up one", "EQUITY")
MONDAY = date(2024, 6, 3)
# On which the first bars of X are read again; on the day before they are not.
TURN = date(2024, 6, 7)


class Scripted:
    """A third provider: what it has is given. Notes what it was asked."""

    def __init__(self, name: str, rows: dict[date, float], *, factor: float = 1.0) -> None:
        self.name = name
        self.rows = rows
        self.counts_dividends = True
        self.factor = factor
        self.adjusting: frozenset[date] = frozenset()
        self.dividend: date | None = None
        self.corrections: dict[tuple[date, str], float] = {}
        self.failure: ProviderError | None = None
        self.asked: list[date] = []

    def daily(self, _: Instrument, start: date, end: date) -> Quotes:
        self.asked.append(start)
        if self.failure:
            raise self.failure
        days = [day for day in self.rows if start <= day <= end]
        if not days:
            raise NoDataError("none")
        values = np.empty((len(days), len(COLUMNS)))
        for row, day in enumerate(days):
            factor = self.factor * (0.99 if self.dividend and day < self.dividend else 1)
            values[row] = [self.rows[day]] * 4 + [100] + [self.rows[day] * factor] * 4
            for (corrected, column), value in self.corrections.items():
                if corrected == day:
                    values[row, COLUMNS.index(column)] = value
        return Quotes(
            np.array(days, "datetime64[D]"), values, np.array([day in self.adjusting for day in days])
        )


def prices(first: date, *closes: float) -> dict[date, float]:
    return {first + timedelta(number): close for number, close in enumerate(closes)}


def weekdays(first: date, last: date) -> dict[date, float]:
    days = (first + timedelta(number) for number in range((last - first).days + 1))
    return {day: 10.0 for day in days if day.weekday() < 5}


@pytest.fixture
def folder() -> str:
    return "cache/runs/20240607T060000Z-000001/01-x/"


def ingest(
    market: Market,
    providers: Sequence[Any],
    entry: Entry | None,
    folder: str,
    *,
    end: date = date(2024, 6, 6),
    instrument: Instrument = X,
) -> Outcome:
    work = TickerIngest(Cache(market.objects()), providers, folder=folder, today=date(2024, 6, 8), end=end)
    return work.ingest(instrument, entry)


def entry_of(outcome: Outcome) -> Entry:
    assert outcome.update is not None
    return outcome.update.entry


def values_of(market: Market, outcome: Outcome) -> Any:
    with on_disk(market.objects().get(entry_of(outcome).key) or b"") as file:
        return Bars.from_parquet(file).values


def test_all_is_asked_at_first_and_then_the_last_bars_and_what_is_new(market: Market, folder: str) -> None:
    before = date(2024, 5, 20)
    provider = Scripted("one", prices(before, 7, 8, 9, 10, 11) | prices(MONDAY, 10, 11))
    entry = entry_of(ingest(market, [provider], None, folder))
    assert (entry.first, entry.last, entry.rows) == ("2024-05-20", "2024-06-04", 7)
    provider.rows |= prices(date(2024, 6, 5), 12)
    outcome = ingest(market, [provider], entry, folder.replace("01-x", "02-x"))
    assert OVERLAP_BARS == 6
    assert provider.asked == [HISTORY_START, before + timedelta(1)]
    assert (entry_of(outcome).rows, outcome.rows) == (8, 1)


def test_a_provider_that_has_nothing_new_leaves_the_bars(market: Market, folder: str) -> None:
    provider = Scripted("one", prices(MONDAY, 10, 11))
    entry = entry_of(ingest(market, [provider], None, folder))
    outcome = ingest(market, [provider], entry, folder)
    assert (outcome.update, outcome.failure, outcome.rows) == (None, "", 0)


@pytest.mark.parametrize("change", ["action", "restated", "overlap"])
def test_a_changed_past_is_read_again_whole(market: Market, folder: str, change: str) -> None:
    provider = Scripted("one", prices(MONDAY, 10, 11))
    entry = entry_of(ingest(market, [provider], None, folder))
    provider.rows |= prices(date(2024, 6, 5), 12)
    if change == "action":
        provider.adjusting = frozenset({date(2024, 6, 5)})
    elif change == "restated":
        provider.factor = 0.5
    else:
        provider.rows[date(2024, 6, 4)] = 11.5
    outcome = ingest(market, [provider], entry, folder.replace("01-x", "02-x"))
    assert provider.asked == [HISTORY_START, MONDAY, HISTORY_START]
    assert entry_of(outcome).rows == 3


@pytest.mark.parametrize("column", ["open", "high", "low", "adjusted_open", "adjusted_high", "adjusted_low"])
def test_a_correction_of_any_price_of_the_last_bars_makes_the_history_new(
    market: Market, folder: str, column: str
) -> None:
    provider = Scripted("one", prices(MONDAY, 10, 11))
    day = date(2024, 6, 4)
    # So that a bar is one with any of its prices moved.
    provider.corrections = {(day, name): 12 for name in ("high", "adjusted_high")}
    provider.corrections |= {(day, name): 9 for name in ("low", "adjusted_low")}
    entry = entry_of(ingest(market, [provider], None, folder))
    provider.corrections[day, column] = 11.5 if "high" in column else 9.5
    outcome = ingest(market, [provider], entry, folder.replace("01-x", "02-x"))
    assert provider.asked == [HISTORY_START, MONDAY, HISTORY_START]
    assert (
        values_of(market, outcome)[1, COLUMNS.index(column)] == provider.corrections[day, column] * MILLIONTHS
    )


def test_a_corrected_volume_is_taken_without_reading_the_history_again(market: Market, folder: str) -> None:
    provider = Scripted("one", prices(MONDAY, 10, 11, 12))
    entry = entry_of(ingest(market, [provider], None, folder))
    provider.corrections[date(2024, 6, 4), "volume"] = 99
    provider.rows |= prices(date(2024, 6, 6), 13)
    # A day that is missing this time stays.
    del provider.rows[date(2024, 6, 5)]
    outcome = ingest(market, [provider], entry, folder.replace("01-x", "02-x"))
    assert HISTORY_START not in provider.asked[1:]
    assert list(values_of(market, outcome)[:, COLUMNS.index("volume")]) == [100, 99, 100, 100]
    assert outcome.rows == 1


@pytest.mark.parametrize("later", [(), (12.0, 13.0)], ids=["nothing new", "two bars later"])
def test_a_dividend_that_is_told_of_after_its_day_was_read_adjusts_all_before_it(
    market: Market, folder: str, later: tuple[float, ...]
) -> None:
    provider = Scripted("one", prices(MONDAY - timedelta(7), 8, 8, 8, 8, 8) | prices(MONDAY, 10, 11))
    entry = entry_of(ingest(market, [provider], None, folder))
    provider.dividend, provider.adjusting = date(2024, 6, 4), frozenset({date(2024, 6, 4)})
    provider.rows |= prices(date(2024, 6, 5), *later)
    entry = entry_of(ingest(market, [provider], entry, folder.replace("01-x", "02-x")))
    with on_disk(market.objects().get(entry.key) or b"") as file:
        adjusted = Bars.from_parquet(file).values[:, ADJUSTED_CLOSE] / MILLIONTHS
    np.testing.assert_array_equal(adjusted, [7.92] * 5 + [9.9, 11, *later])


def test_a_dividend_told_of_when_its_days_are_not_read_again_adjusts_all_before_it_on_the_tickers_turn(
    market: Market, folder: str
) -> None:
    provider = Scripted(
        "one", prices(date(2024, 5, 6), 8, 8) | prices(date(2024, 5, 20), *[10] * 5, *[9] * 9)
    )
    provider.rows = {day: close for day, close in provider.rows.items() if day.weekday() < 5}
    entry = entry_of(ingest(market, [provider], None, folder))
    provider.dividend, provider.adjusting = date(2024, 5, 7), frozenset({date(2024, 5, 7)})
    assert sum(day >= provider.dividend for day in provider.rows) > OVERLAP_BARS
    assert ingest(market, [provider], entry, folder).update is None
    # On no other day of the week.
    for days in (1, 2, 3, 4):
        assert ingest(market, [provider], entry, folder, end=TURN - timedelta(days)).update is None
    assert HISTORY_START not in provider.asked[1:]
    outcome = ingest(market, [provider], entry, folder.replace("01-x", "02-x"), end=TURN)
    with on_disk(market.objects().get(entry_of(outcome).key) or b"") as file:
        adjusted = Bars.from_parquet(file).values[:, ADJUSTED_CLOSE] / MILLIONTHS
    np.testing.assert_array_equal(adjusted[:3], [7.92, 8, 10])
    assert outcome.rows == len(adjusted)
    # What is right by then is not read whole again.
    ingest(market, [provider], entry_of(outcome), folder, end=TURN)
    assert provider.asked[-2:] == [date(2024, 5, 24), date(2024, 5, 6)]


def test_first_bars_that_the_provider_has_no_more_change_nothing(market: Market, folder: str) -> None:
    provider = Scripted(
        "one", prices(MONDAY - timedelta(28), 8) | prices(MONDAY, *[10] * 5) | prices(TURN, 9)
    )
    entry = entry_of(ingest(market, [provider], None, folder, end=TURN))
    del provider.rows[MONDAY - timedelta(28)]
    outcome = ingest(market, [provider], entry, folder, end=TURN)
    assert (outcome.failure, outcome.update) == ("", None)


def test_the_second_provider_is_asked_where_the_first_has_none_or_fails(market: Market, folder: str) -> None:
    first, second = Scripted("one", {}), Scripted("two", prices(MONDAY, 10))
    assert entry_of(ingest(market, [first, second], None, folder)).provider == "two"
    first.failure = ProviderError("down")
    assert entry_of(ingest(market, [first, second], None, folder)).provider == "two"


def test_why_all_providers_failed_is_told_and_the_bars_stay(market: Market, folder: str) -> None:
    provider = Scripted("one", prices(MONDAY, 10))
    entry = entry_of(ingest(market, [provider], None, folder))
    provider.failure = ProviderError("down")
    outcome = ingest(market, [provider, Scripted("two", {})], entry, folder)
    assert (outcome.failure, outcome.update) == ("one: down; two: none", None)
    assert market.objects().get(entry.key)


@pytest.mark.parametrize(
    ("failure", "requests"), [(UnknownTickerError("none"), 1), (NoDataError("none of these days"), 2)]
)
def test_who_does_not_know_a_ticker_is_asked_once_and_who_has_no_new_bars_for_all_of_them(
    market: Market, folder: str, failure: NoDataError, requests: int
) -> None:
    provider = Scripted("one", prices(MONDAY, 10, 11))
    entry = entry_of(ingest(market, [provider], None, folder))
    provider.asked.clear()
    provider.failure = failure
    outcome = ingest(market, [provider], entry, folder)
    assert (outcome.update, outcome.failure) == (None, f"one: {failure}")
    assert len(provider.asked) == requests


def test_back_at_the_first_provider_all_is_its_own_again(market: Market, folder: str) -> None:
    first, second = (
        Scripted("one", prices(MONDAY, 10, 11), factor=0.9),
        Scripted("two", prices(MONDAY, 10, 11, 12)),
    )
    entry = entry_of(ingest(market, [first, second], None, folder))
    first.failure = ProviderError("down")
    # The second one's adjustments differ, and it has as much: it may replace them for a day.
    entry = entry_of(ingest(market, [first, second], entry, folder.replace("01-x", "02-x")))
    assert (entry.provider, entry.rows) == ("two", 3)
    first.failure = None
    first.rows = prices(MONDAY, 10, 11, 12)
    entry = entry_of(ingest(market, [first, second], entry, folder.replace("01-x", "03-x")))
    assert (entry.provider, first.asked[-1]) == ("one", HISTORY_START)


def test_bars_adjusted_for_splits_only_are_flagged_in_each_run_until_the_first_provider_reads_all_again(
    market: Market, folder: str
) -> None:
    first, second = Scripted("one", prices(MONDAY, 10, 10)), Scripted("two", prices(MONDAY, 10, 10, 9.95))
    second.counts_dividends = False
    entry = entry_of(ingest(market, [first, second], None, folder))
    # A dividend on the day on which the first one fails: it is in the price, and in no adjustment.
    first.rows |= prices(date(2024, 6, 5), 9.95)
    first.dividend, first.adjusting = date(2024, 6, 5), frozenset({date(2024, 6, 5)})
    first.failure = ProviderError("down")
    said = "X: two's bars, adjusted for splits only (one: down)"
    outcome = ingest(market, [first, second], entry, folder.replace("01-x", "02-x"))
    assert (entry_of(outcome).provider, outcome.flagged) == ("two", [said])
    assert values_of(market, outcome)[-2, ADJUSTED_CLOSE] == 10 * MILLIONTHS
    entry = entry_of(outcome)
    outcome = ingest(market, [first, second], entry, folder)
    assert (outcome.update, outcome.flagged) == (None, [said])
    # The day itself is the same in both, and has no sign of the dividend.
    first.failure = None
    outcome = ingest(market, [first, second], entry, folder.replace("01-x", "03-x"))
    assert (entry_of(outcome).provider, outcome.flagged) == ("one", [])
    assert list(values_of(market, outcome)[:, ADJUSTED_CLOSE]) == [9_900_000, 9_900_000, 9_950_000]


def test_a_currency_has_no_dividends_to_lack(market: Market, folder: str) -> None:
    provider = Scripted("two", prices(MONDAY, 0.66))
    provider.counts_dividends = False
    assert ingest(market, [provider], None, folder, instrument=AUDUSD).flagged == []


def test_the_second_provider_goes_on_where_its_adjustment_is_the_same(market: Market, folder: str) -> None:
    first, second = (
        Scripted("one", prices(MONDAY, 10, 11)),
        Scripted("two", prices(date(2024, 6, 4), 11.01, 12)),
    )
    entry = entry_of(ingest(market, [first, second], None, folder))
    first.failure = ProviderError("down")
    entry = entry_of(ingest(market, [first, second], entry, folder.replace("01-x", "02-x")))
    assert (entry.provider, entry.first, entry.rows) == ("two", "2024-06-03", 3)


@pytest.mark.parametrize(
    ("had", "failure"),
    [
        (date(2024, 6, 3), ""),
        (date(2024, 6, 5), "it lacks the last days held, by which later ones would be scaled"),
        (date(2024, 6, 6), "none"),
    ],
    ids=["all but the last day", "none of the last days", "no day from them on"],
)
def test_years_of_dividends_are_not_lost_to_a_second_provider_that_lacks_the_last_day_held(
    market: Market, folder: str, had: date, failure: str
) -> None:
    first = Scripted("one", weekdays(date(2024, 3, 1), date(2024, 6, 4)))
    first.dividend = date(2024, 5, 1)
    second = Scripted("two", weekdays(date(2024, 3, 1), date(2024, 6, 5)))
    second.counts_dividends = False
    entry = entry_of(ingest(market, [first, second], None, folder))
    first.failure = ProviderError("down")
    # It answers so to the question for the last days, but has all of them when the whole history is asked.
    whole = second.rows

    def daily(_: Instrument, start: date, end: date) -> Quotes:
        second.rows = {
            day: close
            for day, close in whole.items()
            if start == HISTORY_START or (had <= day and day != date(2024, 6, 4) and had < date(2024, 6, 6))
        }
        return Scripted.daily(second, _, start, end)

    second.daily = daily  # type: ignore[method-assign] # for this one test
    outcome = ingest(market, [first, second], entry, folder.replace("01-x", "02-x"))
    assert HISTORY_START not in second.asked
    if failure:
        assert (outcome.update, outcome.failure) == (None, f"one: down; two: {failure}")
    else:
        assert list(values_of(market, outcome)[[0, -1], ADJUSTED_CLOSE]) == [9_900_000, 10_000_000]


@pytest.mark.parametrize("lacks", [False, True], ids=["all days", "the day of the dividend missing"])
def test_a_dividend_of_the_last_days_is_no_reason_to_take_anothers_history(
    market: Market, folder: str, lacks: bool
) -> None:
    first = Scripted("one", weekdays(date(2024, 3, 1), date(2024, 6, 4)))
    second = Scripted("two", weekdays(date(2024, 3, 1), date(2024, 6, 5)))
    first.dividend = MONDAY if not lacks else date(2024, 6, 4)
    entry = entry_of(ingest(market, [first, second], None, folder))
    first.failure = ProviderError("down")
    if lacks:
        del second.rows[date(2024, 6, 4)]
    outcome = ingest(market, [first, second], entry, folder.replace("01-x", "02-x"))
    assert HISTORY_START not in second.asked
    assert (outcome.update is None) == lacks


def test_a_provider_with_a_shorter_history_never_replaces_a_longer_one(market: Market, folder: str) -> None:
    first = Scripted("one", prices(MONDAY - timedelta(28), 9) | prices(MONDAY, 10, 11), factor=0.9)
    second = Scripted("two", prices(MONDAY, 10, 11, 12))
    entry = entry_of(ingest(market, [first, second], None, folder))
    first.failure = ProviderError("down")
    outcome = ingest(market, [first, second], entry, folder)
    assert outcome.update is None
    assert outcome.failure == (
        "one: down; two: its bars are of 2024-06-03 to 2024-06-05, "
        "but there are some of 2024-05-06 to 2024-06-04 already"
    )


@pytest.mark.parametrize("hole", ["two days a week", "a hole", "refused"])
def test_a_whole_history_that_lacks_days_replaces_nothing_and_nobody_elses_bars_follow(
    market: Market, folder: str, hole: str
) -> None:
    first = Scripted("one", weekdays(date(2024, 3, 1), date(2024, 6, 4)))
    second = Scripted("two", weekdays(date(2024, 3, 1), date(2024, 6, 5)))
    held = list(first.rows)
    entry = entry_of(ingest(market, [first, second], None, folder))
    first.rows |= prices(date(2024, 6, 5), 10)
    first.dividend, first.adjusting = date(2024, 6, 5), frozenset({date(2024, 6, 5)})
    lost = [day for day in held[5:-10] if hole != "two days a week" or day.weekday() in (1, 3, 4)]
    if hole == "refused":
        first.corrections = {(day, "low"): 0 for day in lost}
    else:
        for day in lost:
            del first.rows[day]
    # Good Friday is no trading day.
    missing = [day for day in lost if day != date(2024, 3, 29)]
    outcome = ingest(market, [first, second], entry, folder.replace("01-x", "02-x"))
    assert (outcome.update, outcome.failure) == (
        None,
        f"one: its whole history lacks {len(missing)} of the {len(held)} days held, the first {missing[0]}",
    )
    assert outcome.refused.total() == (len(lost) if hole == "refused" else 0)
    assert market.objects().get(entry.key)


@pytest.mark.parametrize("more", [0, 1])
def test_a_few_withdrawn_bars_go_with_a_flag_and_no_more_than_a_week_of_them(
    market: Market, folder: str, more: int
) -> None:
    provider = Scripted("one", weekdays(date(2024, 3, 1), date(2024, 6, 4)))
    entry = entry_of(ingest(market, [provider], None, folder))
    provider.factor = 0.5
    for day in list(provider.rows)[5 : 5 + 2 * (WITHDRAWN_AT_MOST + more) : 2]:
        del provider.rows[day]
    outcome = ingest(market, [provider], entry, folder.replace("01-x", "02-x"))
    if more:
        assert (outcome.update, outcome.flagged) == (None, [])
    else:
        assert entry_of(outcome).rows == entry.rows - WITHDRAWN_AT_MOST
        assert outcome.flagged == ["X 2024-03-08: withdrawn, the first of 5 such days"]


def test_a_holiday_that_another_provider_lacks_is_not_missed(market: Market, folder: str) -> None:
    """Currencies have quotes of Christmas; of twenty years they are more than a few withdrawn bars."""
    first, second = (
        Scripted("one", weekdays(date(2005, 1, 3), date(2010, 12, 31))),
        Scripted("two", weekdays(date(2005, 1, 3), date(2010, 12, 31))),
    )
    first.rows = {day: close for day, close in first.rows.items() if np.datetime64(day) not in HOLIDAYS}
    entry = entry_of(ingest(market, [second], None, folder, instrument=AUDUSD))
    outcome = ingest(market, [first, second], entry, folder.replace("01-x", "02-x"), instrument=AUDUSD)
    assert (entry_of(outcome).provider, entry_of(outcome).rows) == ("one", len(first.rows))
    assert outcome.flagged == []


def test_refused_bars_are_counted_and_a_ticker_of_nothing_else_fails(market: Market, folder: str) -> None:
    outcome = ingest(market, [Scripted("one", prices(MONDAY, 10, -11))], None, folder)
    assert outcome.refused == {"price not above 0": 1}
    assert entry_of(outcome).rows == 1
    outcome = ingest(market, [Scripted("one", prices(MONDAY, -10))], None, folder)
    assert outcome.failure == "one: all of its bars are refused"


def test_bars_of_days_that_were_not_asked_for_are_refused_and_counted(market: Market, folder: str) -> None:
    class Heedless(Scripted):
        def daily(self, _: Instrument, start: date, end: date) -> Quotes:
            return super().daily(_, start, end + timedelta(30))

    outcome = ingest(market, [Heedless("one", prices(MONDAY, 10, 10, 10, 10, 99))], None, folder)
    assert (entry_of(outcome).last, outcome.refused) == ("2024-06-06", {"day after those asked for": 1})


def test_a_currencys_weekend_is_no_day_of_its_own_and_nothing_refused(market: Market, folder: str) -> None:
    """A provider's Sunday is the hours after Sydney has opened; a stock's would be nonsense."""
    friday = date(2024, 5, 24)
    provider = Scripted("one", prices(friday, 0.66, 0.67, 0.68, 0.69, 0.7))
    outcome = ingest(market, [provider], None, folder, instrument=AUDUSD)
    assert (entry_of(outcome).rows, outcome.refused, outcome.flagged) == (3, {}, [])
    provider.rows |= prices(date(2024, 5, 29), 0.71, 0.72, 0.73, 0.74, 0.75, 0.76)
    outcome = ingest(market, [provider], entry_of(outcome), folder, instrument=AUDUSD)
    assert (entry_of(outcome).rows, outcome.rows, outcome.refused) == (7, 4, {})
    assert ingest(market, [provider], None, folder).refused == {"day on a weekend": 4}


def test_new_bars_that_are_strange_are_flagged_with_their_ticker(market: Market, folder: str) -> None:
    outcome = ingest(market, [Scripted("one", prices(MONDAY, 10, 20))], None, folder)
    assert outcome.flagged == ["X 2024-06-04: close changed by +100% without a split"]


def test_the_history_begins_in_2005() -> None:
    assert date(2005, 1, 1) == HISTORY_START
