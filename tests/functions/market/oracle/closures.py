"""Writes local/market_data/closures.txt: the weekdays without trading in New York, by exchange-calendars.

Run it in an environment of its own (it brings pandas): `pip install exchange-calendars==4.13.2`.
"""

from pathlib import Path

# Not among the project's packages.
import exchange_calendars  # type: ignore[import-not-found,unused-ignore]
import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]

FIRST, LAST = "2005-01-01", "2034-12-31"

sessions = exchange_calendars.get_calendar("XNYS", start=FIRST, end=LAST).sessions
closed = pd.bdate_range(FIRST, LAST).difference(sessions)
(Path(__file__).parents[4] / "local/market_data/closures.txt").write_text(
    "".join(f"{day.date()}\n" for day in closed), encoding="utf-8"
)
