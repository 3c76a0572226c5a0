"""What a bar is, and what it cannot be."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.market.bars import Bars, Quotes, check, flags, same_adjustment
from functions.market.cache import Cache
from functions.market.layout import ADJUSTED_COLUMNS, COLUMNS, MILLIONTHS
from functions.market.manifest import UnknownSchemaError
from functions.market.parquet import on_disk, rows
from tests.functions.filled_cache import empty_cache

TODAY = date(2024, 6, 14)
GOOD = (10.0, 12.0, 9.0, 11.0, 1000.0, 5.0, 6.0, 4.5, 5.5)
FRIDAY = date(2024, 6, 14)

prices = st.decimals("0.000001", "2251799813", places=6)
days = st.dates(date(2005, 1, 1), date(2024, 7, 31))


def quotes(*rows: tuple[date, tuple[float, ...]]) -> Quotes:
    return Quotes(
        np.array([day for day, _ in rows], "datetime64[D]"),
        np.array([values for _, values in rows], float).reshape(len(rows), len(COLUMNS)),
        np.zeros(len(rows), bool),
    )


def changed(**values: float) -> tuple[float, ...]:
    return tuple(values.get(name, good) for name, good in zip(COLUMNS, GOOD, strict=True))


@pytest.mark.parametrize(
    ("day", "values", "reason"),
    [
        (FRIDAY, changed(high=8.9), "high below low"),
        (FRIDAY, changed(open=12.5), "open or close outside low to high"),
        (FRIDAY, changed(open=8.5), "open or close outside low to high"),
        (FRIDAY, changed(close=12.5), "open or close outside low to high"),
        (FRIDAY, changed(close=8.5), "open or close outside low to high"),
        (FRIDAY, changed(adjusted_high=1, adjusted_low=2), "high below low"),
        (FRIDAY, changed(adjusted_close=100), "open or close outside low to high"),
        (FRIDAY, changed(adjusted_open=0.01), "open or close outside low to high"),
        (FRIDAY, changed(low=0), "price not above 0"),
        (FRIDAY, changed(adjusted_close=-1), "price not above 0"),
        (FRIDAY, changed(adjusted_low=0.0000001), "price not above 0"),
        (FRIDAY, changed(volume=-1), "negative volume"),
        (FRIDAY + timedelta(3), GOOD, "day in the future"),
        (FRIDAY - timedelta(5), GOOD, "day on a weekend"),
        (FRIDAY, changed(close=float("nan")), "a value is missing or too large"),
        (FRIDAY, changed(high=float("inf")), "a value is missing or too large"),
        (FRIDAY, changed(high=1e12), "a value is missing or too large"),
    ],
)
def test_an_impossible_bar_is_refused_with_the_reason(
    day: date, values: tuple[float, ...], reason: str
) -> None:
    bars, refused = check(quotes((date(2024, 6, 12), GOOD), (day, values)), today=TODAY)
    assert refused == {reason: 1}
    assert list(bars.dates) == [np.datetime64("2024-06-12")]


@pytest.mark.parametrize(
    ("copies", "kept", "refused"),
    [
        ((GOOD, GOOD, GOOD), 1, {"day twice in one answer": 2}),
        ((GOOD, changed(close=10)), 0, {"day twice in one answer": 2}),
        ((GOOD, GOOD, changed(close=10)), 0, {"day twice in one answer": 3}),
        ((GOOD, changed(close=10), GOOD), 0, {"day twice in one answer": 3}),
        ((changed(low=0), GOOD), 1, {"price not above 0": 1}),
    ],
    ids=["equal", "unlike", "two equal", "two equal around another", "one impossible"],
)
def test_a_day_twice_in_one_answer_counts_once_if_it_is_known_which(
    copies: tuple[tuple[float, ...], ...], kept: int, refused: dict[str, int]
) -> None:
    others = (date(2024, 6, 11), GOOD), (date(2024, 6, 12), GOOD)
    bars, counted = check(quotes(others[1], *((FRIDAY, copy) for copy in copies), others[0]), today=TODAY)
    assert counted == refused
    assert bars.dates.tolist() == [day for day, _ in others] + [FRIDAY] * kept
    assert (bars.values[:, COLUMNS.index("close")] == 11 * MILLIONTHS).all()


def test_a_bar_later_than_was_asked_for_is_refused() -> None:
    asked = quotes((FRIDAY - timedelta(1), GOOD), (FRIDAY, GOOD))
    bars, refused = check(asked, today=TODAY, end=FRIDAY - timedelta(1))
    assert refused == {"day after those asked for": 1}
    assert bars.dates.tolist() == [FRIDAY - timedelta(1)]


@given(
    st.lists(
        st.tuples(
            days,
            st.lists(
                st.floats(-1e3, 1e12) | st.just(float("nan")) | st.just(float("inf")) | st.floats(1, 100),
                min_size=9,
                max_size=9,
            ).map(tuple),
        ),
        max_size=12,
    )
)
def test_whatever_a_provider_answers_only_possible_bars_are_left_and_all_others_are_counted(
    rows: list[tuple[date, tuple[float, ...]]],
) -> None:
    bars, refused = check(quotes(*rows), today=TODAY)
    assert len(bars) + refused.total() == len(rows)
    assert sorted(set(bars.dates)) == list(bars.dates)
    for day, row in zip(bars.dates.tolist(), bars.values.tolist(), strict=True):
        opened, high, low, close, volume, *adjusted = row
        assert day.weekday() < 5
        assert day <= TODAY
        assert 0 < low <= min(opened, close) <= max(opened, close) <= high
        assert volume >= 0
        assert min(adjusted) > 0


# Long lists, few of them: a database is started for each.
@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(prices, st.integers(0, 10**12)), min_size=1, max_size=100))
def test_a_price_goes_exactly_from_the_providers_text_into_the_cache(
    traded: list[tuple[Decimal, int]],
) -> None:
    first = np.datetime64("2005-01-03")
    dates = np.array([first + 7 * number for number in range(len(traded))])
    # A provider's JSON number is a float once it is read.
    values = np.array(
        [[float(str(price))] * 4 + [float(volume)] + [float(str(price))] * 4 for price, volume in traded]
    )
    bars, refused = check(Quotes(dates, values, np.zeros(len(traded), bool)), today=TODAY)
    assert not refused
    with on_disk(bars.to_parquet()) as file:
        read = rows(file, "SELECT close, adjusted_open, volume FROM {file} ORDER BY date")
        again = Bars.from_parquet(file)
    assert read == [(price, price, volume) for price, volume in traded]
    np.testing.assert_array_equal(again.values, bars.values)
    np.testing.assert_array_equal(again.dates, bars.dates)


def test_prices_are_decimals_in_parquet() -> None:
    bars, _ = check(quotes((FRIDAY, GOOD)), today=TODAY)
    with on_disk(bars.to_parquet()) as file:
        described = rows(file, "DESCRIBE SELECT * FROM {file}")
    types = {row[0]: row[1] for row in described}
    assert types == {"date": "DATE", **dict.fromkeys(COLUMNS, "DECIMAL(18,6)"), "volume": "BIGINT"}


@pytest.mark.integration
def test_a_file_of_another_schema_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "other.parquet"
    duckdb.execute(f"COPY (SELECT 1) TO '{file}' (FORMAT parquet, KV_METADATA {{schema_version: '2'}})")
    said = "schema version 2; this code reads 1"
    with pytest.raises(UnknownSchemaError, match=said), on_disk(file.read_bytes()):
        pass
    with empty_cache() as objects:
        objects.put("cache/other.parquet", file.read_bytes())
        cache = Cache(objects)
        # A second try finds the file on /tmp.
        for _ in range(2):
            with pytest.raises(UnknownSchemaError, match=said):
                cache.file("cache/other.parquet")


def test_adjusted_prices_may_be_out_of_order_by_their_rounding() -> None:
    rounded = quotes((FRIDAY, changed(adjusted_close=6.000001, adjusted_low=5.000001)))
    assert len(check(rounded, today=TODAY)[0]) == 1


def test_a_change_of_more_than_half_is_flagged_and_a_split_is_not() -> None:
    ten = dict.fromkeys(ADJUSTED_COLUMNS, 10.0)
    jump = quotes(
        (date(2024, 6, 11), GOOD),
        (date(2024, 6, 12), changed(open=20, high=20, low=20, close=20, **ten)),
        # Two for one: the raw price halves, the adjusted one does not.
        (date(2024, 6, 13), changed(**ten)),
    )
    bars, _ = check(jump, today=TODAY)
    assert flags(bars, since=bars) == ["2024-06-12: close changed by +82% without a split"]


def test_a_gap_counts_trading_days_and_only_new_bars_are_flagged() -> None:
    # Thanksgiving is no trading day: five trading days and a holiday apart.
    bars, _ = check(quotes((date(2023, 11, 21), GOOD), (date(2023, 11, 29), GOOD)), today=TODAY)
    assert flags(bars, since=bars) == []
    bars, _ = check(quotes((date(2023, 11, 20), GOOD), (date(2023, 11, 29), GOOD)), today=TODAY)
    assert flags(bars, since=bars) == ["2023-11-29: 6 trading days after the bar before"]
    assert flags(bars, since=Bars.none()) == []


def test_bars_continue_others_only_where_a_common_day_has_the_same_prices() -> None:
    old, _ = check(quotes((date(2024, 6, 12), GOOD), (date(2024, 6, 13), GOOD)), today=TODAY)
    overlap, _ = check(quotes((date(2024, 6, 13), GOOD), (FRIDAY, GOOD)), today=TODAY)
    restated, _ = check(quotes((date(2024, 6, 13), changed(adjusted_close=5.4)), (FRIDAY, GOOD)), today=TODAY)
    apart, _ = check(quotes((FRIDAY, GOOD)), today=TODAY)
    assert same_adjustment(old, overlap)
    assert not same_adjustment(old, restated)
    assert not same_adjustment(old, apart)
