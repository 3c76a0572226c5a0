"""Trading days, against exchange-calendars'."""

from datetime import date, timedelta
from pathlib import Path

from functions.market.calendar import is_trading_day, last_trading_day_before

CLOSURES = Path(__file__).parents[3] / "local" / "market_data" / "closures.txt"
FIRST, LAST = date(2005, 1, 1), date(2034, 12, 31)


def test_every_day_of_thirty_years_is_what_exchange_calendars_says() -> None:
    closed = set(map(date.fromisoformat, CLOSURES.read_text(encoding="utf-8").split()))
    assert len(closed) > 250
    days = [FIRST + timedelta(number) for number in range((LAST - FIRST).days + 1)]
    theirs = [day for day in days if day.weekday() < 5 and day not in closed]
    assert [day for day in days if is_trading_day(day)] == theirs


def test_the_last_trading_day_is_before_the_day_itself_weekends_and_holidays() -> None:
    assert last_trading_day_before(date(2024, 6, 13)) == date(2024, 6, 12)
    assert last_trading_day_before(date(2024, 6, 17)) == date(2024, 6, 14)
    # Good Friday, and the weekend after it.
    assert last_trading_day_before(date(2024, 4, 1)) == date(2024, 3, 28)
