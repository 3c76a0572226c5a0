"""The instruments that the platform knows: one file, `ticker,name,kind,indices`."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["EQUITY", "ETF", "FX"]
_TICKER = re.compile(r"[A-Z0-9]{1,10}([.-][A-Z0-9]{1,4})?")
# A ticker's column in a panel is named like it, and SQL does not tell cases apart.
_COLUMN_OF_DAYS = "DATE"
_HEADER = ["ticker", "name", "kind", "indices"]


class UniverseError(ValueError):
    """The file is not what it has to be; the text names the line and what is allowed."""


@dataclass(frozen=True)
class Instrument:
    """A row of the universe."""

    ticker: str
    name: str
    kind: Kind
    indices: tuple[str, ...] = ()


# US dollars for an Australian one. Ingested like a ticker, but nobody's instrument.
AUDUSD = Instrument("AUDUSD", "Australian dollar in US dollars", "FX")


@dataclass(frozen=True)
class Universe:
    """The instruments by ticker, in the file's order."""

    instruments: dict[str, Instrument]

    def __contains__(self, ticker: object) -> bool:
        return ticker in self.instruments

    def __iter__(self) -> Iterator[Instrument]:
        return iter(self.instruments.values())

    def __len__(self) -> int:
        return len(self.instruments)

    @property
    def indices(self) -> list[str]:
        """The names of all indices, sorted."""
        return sorted({index for instrument in self for index in instrument.indices})

    def of_index(self, index: str) -> list[Instrument]:
        """The instruments of one index; none if there is no such index."""
        return [instrument for instrument in self if index in instrument.indices]


def read_universe(text: str) -> Universe:
    """Raises UniverseError."""
    rows = csv.reader(text.splitlines(), strict=True)
    header = next(rows, None)
    if header != _HEADER:
        raise UniverseError(f"universe.csv, line 1: {header}; it has to be {','.join(_HEADER)}")
    instruments: dict[str, Instrument] = {}
    for row in rows:
        where = f"universe.csv, line {rows.line_num}"
        if len(row) != len(_HEADER):
            raise UniverseError(f"{where}: {len(row)} fields; there have to be {len(_HEADER)}")
        ticker, name, kind, indices = row
        if not _TICKER.fullmatch(ticker):
            raise UniverseError(f"{where}: ticker {ticker!r}; allowed is upper case as AAPL or BRK-B")
        if ticker == _COLUMN_OF_DAYS:
            raise UniverseError(f"{where}: ticker {ticker!r}; the panels' column of days has this name")
        if ticker in instruments or ticker == AUDUSD.ticker:
            raise UniverseError(f"{where}: ticker {ticker!r} is there already")
        if not name.strip():
            raise UniverseError(f"{where}: {ticker} has no name")
        if kind not in ("EQUITY", "ETF"):
            raise UniverseError(f"{where}: kind {kind!r}; allowed are EQUITY and ETF")
        instruments[ticker] = Instrument(ticker, name, kind, tuple(indices.split()))  # type: ignore[arg-type] # looked at above
    if not instruments:
        raise UniverseError("universe.csv has no instruments")
    return Universe(instruments)
