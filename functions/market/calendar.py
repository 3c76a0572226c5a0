"""Days on which US stock exchanges trade.

Rules of the New York Stock Exchange since 2005 (rule 7.2 and its notices). A calendar library brings pandas,
94 MiB.
"""

from datetime import date, timedelta
from functools import cache

# Closed by a notice of its own: Ford's, Bush's and Carter's funerals, hurricane Sandy.
_CLOSED = frozenset(
    {
        date(2007, 1, 2),
        date(2012, 10, 29),
        date(2012, 10, 30),
        date(2018, 12, 5),
        date(2025, 1, 9),
    }
)
_MONDAY, _THURSDAY, _SATURDAY, _SUNDAY = 0, 3, 5, 6
_JUNETEENTH_SINCE = 2022


@cache
def holidays(year: int) -> frozenset[date]:
    """The weekdays of a year on which there is no trading."""
    days = {
        _nth(year, 1, _MONDAY, 3),  # Martin Luther King
        _nth(year, 2, _MONDAY, 3),  # Washington
        _easter(year) - timedelta(2),
        _last_monday_of_may(year),
        _observed(date(year, 7, 4)),
        _nth(year, 9, _MONDAY, 1),  # Labor Day
        _nth(year, 11, _THURSDAY, 4),  # Thanksgiving
        _observed(date(year, 12, 25)),
    }
    new_year = date(year, 1, 1)
    # Not on the Friday before: that would end the old year's last month a day early.
    if new_year.weekday() != _SATURDAY:
        days.add(_observed(new_year))
    if year >= _JUNETEENTH_SINCE:
        days.add(_observed(date(year, 6, 19)))
    return frozenset(days | {day for day in _CLOSED if day.year == year})


def is_trading_day(day: date) -> bool:
    """Whether the US market is open on that day."""
    return day.weekday() < _SATURDAY and day not in holidays(day.year)


def last_trading_day_before(day: date) -> date:
    """The last trading day that is earlier than `day`."""
    day -= timedelta(1)
    while not is_trading_day(day):
        day -= timedelta(1)
    return day


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta((weekday - first.weekday()) % 7 + 7 * (n - 1))


def _last_monday_of_may(year: int) -> date:
    last = date(year, 5, 31)
    return last - timedelta(last.weekday())


def _observed(day: date) -> date:
    return day + timedelta({_SATURDAY: -1, _SUNDAY: 1}.get(day.weekday(), 0))


def _easter(year: int) -> date:
    # Gauss's rule as completed by Lichtenberg (1997), for the Gregorian calendar.
    century = year // 100
    moon = 15 + (3 * century + 3) // 4 - (8 * century + 13) // 25
    sun = 2 - (3 * century + 3) // 4
    golden = year % 19
    seed = (19 * golden + moon) % 30
    correction = (seed + golden // 11) // 29
    full_moon = 21 + seed - correction
    first_sunday = 7 - (year + year // 4 + sun) % 7
    march = full_moon + 7 - (full_moon - first_sunday) % 7
    return date(year, 3, 1) + timedelta(march - 1)
