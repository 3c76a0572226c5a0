"""What the catalogue says of all instruments together."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from functions.market.manifest import Catalogue, Entry
from functions.market.universe import AUDUSD

DAYS = st.dates(date(2024, 1, 1), date(2024, 1, 20))


def catalogue(*last: date) -> Catalogue:
    entries = {
        f"T{number}": Entry("", "tiingo", "2020-01-01", day.isoformat(), 1, "2024-01-01")
        for number, day in enumerate(last)
    }
    # A currency has days that the market has not.
    return Catalogue({**entries, AUDUSD.ticker: Entry("", "tiingo", "2020-01-01", "2024-12-31", 1, "")})


@given(st.lists(DAYS, min_size=1))
def test_the_markets_day_is_the_newest_that_half_of_the_instruments_have(last: list[date]) -> None:
    enough = [day for day in last if 2 * sum(other >= day for other in last) >= len(last)]
    assert catalogue(*last).market_day == max(enough)


@given(st.integers(3, 50), st.data())
def test_few_that_are_ahead_or_have_ended_do_not_move_it(count: int, data: st.DataObject) -> None:
    day = date(2024, 1, 10)
    few = data.draw(st.lists(DAYS, max_size=(count - 1) // 2))
    assert catalogue(*few, *[day] * (count - len(few))).market_day == day


def test_a_market_without_instruments_has_no_day() -> None:
    assert catalogue().market_day is None


def test_a_market_of_one_goes_with_it() -> None:
    day = date(2024, 1, 10)
    assert catalogue(day).market_day == day
    assert catalogue(day, day + timedelta(1), day + timedelta(1)).market_day == day + timedelta(1)
