"""The manifest and the catalogue: what readers follow, as JSON."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, TypeVar

from functions.market.layout import SCHEMA_VERSION
from functions.market.universe import AUDUSD

Read = TypeVar("Read")


class UnreadableError(Exception):
    """An object of the cache is not what this code reads; the next ingest makes it again."""


class UnknownSchemaError(UnreadableError):
    """The cache was written for another version of this code."""


@dataclass(frozen=True)
class Panel:
    """Keys of one group of tickers: adjusted closes of all years, and the recent days of all columns."""

    tickers: tuple[str, ...]
    closes: str
    recent: str
    written_on: str


@dataclass(frozen=True)
class Manifest:
    """What readers read now. `move` is the id of the move that wrote it, `moved_at` its time in UTC."""

    run_id: str
    move: str
    moved_at: str
    catalogue: str
    panels: tuple[Panel, ...] = ()

    @property
    def state(self) -> str:
        """Names what readers see by it, and nothing else: `run/move`. A run moves after each of its steps."""
        return f"{self.run_id}/{self.move}"


@dataclass(frozen=True)
class Entry:
    """One ticker's bars: the key, the days `YYYY-MM-DD` of the first and the last, and how many there are."""

    key: str
    provider: str
    first: str
    last: str
    rows: int
    written_on: str


@dataclass(frozen=True)
class Catalogue:
    """All that have bars, AUDUSD among them."""

    tickers: Mapping[str, Entry] = field(default_factory=dict)

    @property
    def instruments(self) -> list[Entry]:
        """Those of the universe's instruments."""
        return [entry for ticker, entry in self.tickers.items() if ticker != AUDUSD.ticker]

    @property
    def market_day(self) -> date | None:
        """The newest day that at least half of the instruments have come to; None without any.

        Neither a few that an ingest of their own brought further nor a few that have ended move it.
        """
        last = sorted((entry.last for entry in self.instruments), reverse=True)
        return date.fromisoformat(last[(len(last) - 1) // 2]) if last else None


def manifest_json(manifest: Manifest) -> bytes:
    """As it stands in the cache."""
    return versioned_json(asdict(manifest))


def catalogue_json(catalogue: Catalogue) -> bytes:
    """As it stands in the cache."""
    return versioned_json({"tickers": {ticker: vars(entry) for ticker, entry in catalogue.tickers.items()}})


def read_manifest(text: bytes) -> Manifest:
    """Raises UnreadableError."""

    def manifest(said: dict[str, Any]) -> Manifest:
        panels = tuple(Panel(**{**panel, "tickers": tuple(panel["tickers"])}) for panel in said.pop("panels"))
        return Manifest(**said, panels=panels)

    return read_versioned(text, "manifest", manifest)


def read_catalogue(text: bytes) -> Catalogue:
    """Raises UnreadableError."""
    return read_versioned(
        text,
        "catalogue",
        lambda said: Catalogue({ticker: Entry(**entry) for ticker, entry in said["tickers"].items()}),
    )


def versioned_json(content: dict[str, Any]) -> bytes:
    """A JSON object of the cache."""
    return json.dumps({"schema_version": SCHEMA_VERSION, **content}, separators=(",", ":")).encode()


def read_versioned(text: bytes, what: str, read: Callable[[dict[str, Any]], Read]) -> Read:
    """What `read` makes of what `versioned_json` was given.

    Raises UnreadableError, which names `what` it is.
    """
    try:
        said: dict[str, Any] = json.loads(text)
        version = said.pop("schema_version", None)
        if version != SCHEMA_VERSION:
            raise UnknownSchemaError(
                f"the cache's {what} has schema version {version!r}; this code reads {SCHEMA_VERSION}"
            )
        return read(said)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UnreadableError(f"the cache's {what} cannot be read: {type(error).__name__} {error}") from error
