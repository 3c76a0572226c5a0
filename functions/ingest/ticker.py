"""One ticker: what is new since its last bars, or all of it where its past has changed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from functions.ingest.former import LOST
from functions.ingest.provider import (
    LostHistoryError,
    NoDataError,
    Provider,
    ProviderError,
    UnknownTickerError,
)
from functions.market.bars import (
    ADJUSTED_CLOSE,
    HOLIDAYS,
    Bars,
    Quotes,
    check,
    flags,
    same_adjustment,
    same_factor,
)
from functions.market.cache import Cache
from functions.market.layout import RECENT_DAYS, RENEW_AFTER_DAYS
from functions.market.manifest import Entry
from functions.market.parquet import on_disk
from functions.market.universe import Instrument

HISTORY_START = date(2005, 1, 1)
# Of two answers of the whole history, the first bars may be a few days apart.
_SAME_START = timedelta(7)
# Trading days that a whole history may lack of those held, each time flagged: a provider withdraws a bar of a
# day on which nothing traded, or begins a few days later than another. No more than a week: as many in a row
# are not even a gap to be flagged, and with none a single withdrawn bar would hold its ticker back for good.
WITHDRAWN_AT_MOST = 5
# Bars that are read again. A dividend or split changes the bars before its day only, so that one which the
# provider tells of later than this shows in none of them.
OVERLAP_BARS = 6
# It does show in the first bars: on one trading day in so many they are read again too. A ticker's turn is by
# its name, so that each run asks for a share, and no ticker is adjusted wrongly for longer than this.
FIRST_BARS_EVERY = 5


@dataclass(frozen=True)
class Column:
    """What the panels need of a ticker: its days and adjusted closes in millionths, and its last bars."""

    dates: NDArray[np.datetime64]
    adjusted: NDArray[np.int64]
    recent: Bars

    @classmethod
    def of(cls, bars: Bars) -> "Column":
        # Copies: a view would keep all of the bars in memory.
        """From a ticker's bars."""
        recent = bars.last(RECENT_DAYS)
        return cls(
            bars.dates.copy(),
            bars.values[:, ADJUSTED_CLOSE].copy(),
            Bars(recent.dates.copy(), recent.values.copy()),
        )


@dataclass(frozen=True)
class Update:
    """A ticker's bars, already written. `replaces` is the key that its entry had before."""

    entry: Entry
    replaces: str | None
    column: Column


@dataclass
class Outcome:
    """What became of a ticker.

    `failure` says why it failed; without an `update` its bars are as they were. `lost` is the key of bars
    that are not there, and nobody gave them again; `gone` of those that no provider has any more.
    """

    ticker: str
    failure: str = ""
    update: Update | None = None
    lost: str | None = None
    gone: str | None = None
    refused: Counter[str] = field(default_factory=Counter)
    flagged: list[str] = field(default_factory=list)
    rows: int = 0


class TickerIngest:
    """Asks the providers in their order. Bars end on `end`; what is written goes below `folder`."""

    def __init__(
        self, cache: Cache, providers: Sequence[Provider], *, folder: str, today: date, end: date
    ) -> None:
        self._cache = cache
        self._providers = providers
        self._folder = folder
        self._today = today
        self._end = end
        days = np.busday_count(HISTORY_START, end, holidays=HOLIDAYS)
        self._turn = int(days) % FIRST_BARS_EVERY

    def ingest(self, instrument: Instrument, entry: Entry | None) -> Outcome:
        """The instrument's outcome. Raises WrongKeyError, OutOfTimeError and StorageError."""
        outcome = Outcome(instrument.ticker)
        replaces = entry.key if entry else None
        old = self._bars(entry) if entry else None
        if old is None:
            # None yet, or they are lost.
            old, entry = Bars.none(), None
        aged = entry is not None and self._aged(entry)
        failures = []
        nobody_has_any = True
        for provider in self._providers:
            outcome.refused.clear()
            try:
                bars = self._from(provider, instrument, entry, old, outcome)
            except ProviderError as error:
                failures.append(f"{provider.name}: {error}")
                nobody_has_any &= isinstance(error, NoDataError)
                if isinstance(error, LostHistoryError):
                    break
                continue
            changed = len(bars) != len(old) or not np.array_equal(bars.values, old.values)
            if changed or entry is None or provider.name != entry.provider or aged:
                if changed:
                    new = bars.after(old.dates[-1]) if len(old) and same_adjustment(old, bars) else bars
                    outcome.rows = len(new)
                    told = [*flags(bars, since=new), *_withdrawn(old, bars)]
                    outcome.flagged = [f"{instrument.ticker} {flag}" for flag in told]
                outcome.update = self._written(instrument, provider.name, bars, replaces)
            outcome.flagged += _without_dividends(provider, instrument, failures)
            return outcome
        outcome.failure = "; ".join(failures)
        if replaces and entry is None:
            if nobody_has_any:
                outcome.gone, lost = replaces, "were lost and are not to be had again"
            else:
                outcome.lost, lost = replaces, "are lost"
            outcome.failure = f"its bars {lost}; {outcome.failure}"
        if entry and aged:
            outcome.update = self._written(instrument, entry.provider, old, replaces)
        return outcome

    def kept(self, ticker: str, entry: Entry) -> Outcome:
        """A ticker's bars as they are, for a panel that was lost."""
        bars = self._bars(entry)
        if bars is None:
            return Outcome(ticker, lost=entry.key)
        return Outcome(ticker, update=Update(entry, entry.key, Column.of(bars)))

    def _from(
        self, provider: Provider, instrument: Instrument, entry: Entry | None, old: Bars, outcome: Outcome
    ) -> Bars:
        refusal = ProviderError
        # Back at a provider that is asked first, its adjustments are to be those of all years again.
        if entry and (entry.provider == provider.name or provider is not self._providers[0]):
            # Another's bars follow those held rather than replace them: they may lack the dividend of a day,
            # but a whole history of its own would lack those of all years.
            own = entry.provider == provider.name
            # Providers adjust for different things: what one of them did days ago, another one may not have.
            common = old.last(OVERLAP_BARS) if own else old.last_alike(OVERLAP_BARS)
            try:
                quotes = _quotes(provider, instrument, common.dates[0].item(), self._end)
            except NoDataError as error:
                if not own or isinstance(error, UnknownTickerError):
                    raise
            else:
                bars = self._checked(quotes, outcome)
                if not own and not np.isin(common.dates, bars.dates).any():
                    raise ProviderError("it lacks the last days held, by which later ones would be scaled")
                last = old.dates[-1]
                adjusting = bool(quotes.adjusting[quotes.dates > last].any())
                same = same_adjustment if own else same_factor
                if (
                    not adjusting
                    and same(old, bars)
                    and not (own and self._restated(provider, instrument, old))
                ):
                    # Volumes are corrected for days, which restates no price and nothing before them.
                    return old.corrected_by(bars) if own else old.then(bars.after(last))
                outcome.refused.clear()
                if own:
                    refusal = LostHistoryError
        bars = self._checked(_quotes(provider, instrument, HISTORY_START, self._end), outcome)
        if not len(bars):
            raise ProviderError("all of its bars are refused")
        if entry:
            _refuse_lost(old, bars, refusal)
        return bars

    def _restated(self, provider: Provider, instrument: Instrument, old: Bars) -> bool:
        """Whether it is the ticker's turn, and its first bars are not what they were."""
        if crc32(instrument.ticker.encode()) % FIRST_BARS_EVERY != self._turn:
            return False
        first = old.dates[0].item()
        try:
            end = first + _SAME_START
            bars, _ = check(_quotes(provider, instrument, first, end), today=self._today, end=end)
        except NoDataError:
            # Its history has become shorter; ours is kept.
            return False
        return bool(np.isin(bars.dates, old.dates).any()) and not same_adjustment(old, bars)

    def _checked(self, quotes: Quotes, outcome: Outcome) -> Bars:
        bars, refused = check(quotes, today=self._today, end=self._end)
        outcome.refused.update(refused)
        return bars

    def _bars(self, entry: Entry) -> Bars | None:
        try:
            with on_disk(self._cache.content(entry.key)) as file:
                return Bars.from_parquet(file)
        except LOST:
            return None

    def _aged(self, entry: Entry) -> bool:
        # Lifecycle removes what is old, named or not.
        return (self._today - date.fromisoformat(entry.written_on)).days > RENEW_AFTER_DAYS

    def _written(self, instrument: Instrument, provider: str, bars: Bars, replaces: str | None) -> Update:
        key = f"{self._folder}bars/{instrument.ticker}.parquet"
        self._cache.objects.put(key, bars.to_parquet())
        made = Entry(
            key=key,
            provider=provider,
            first=str(bars.dates[0]),
            last=str(bars.dates[-1]),
            rows=len(bars),
            written_on=self._today.isoformat(),
        )
        return Update(made, replaces, Column.of(bars))


def _missing(old: Bars, bars: Bars) -> NDArray[np.datetime64]:
    """The trading days of `old` that `bars` lack. A bar of a holiday is in no panel, and nothing lost."""
    days = np.setdiff1d(old.dates, bars.dates)
    return days[np.is_busday(days, holidays=HOLIDAYS)]


def _refuse_lost(old: Bars, bars: Bars, refusal: type[ProviderError]) -> None:
    """Raises `refusal` for a whole history that is no substitute for the one held."""
    if bars.dates[-1] < old.dates[-1] or bars.dates[0] > old.dates[0] + _SAME_START:
        raise refusal(
            f"its bars are of {bars.dates[0]} to {bars.dates[-1]}, "
            f"but there are some of {old.dates[0]} to {old.dates[-1]} already"
        )
    missing = _missing(old, bars)
    if len(missing) > WITHDRAWN_AT_MOST:
        raise refusal(
            f"its whole history lacks {len(missing)} of the {len(old)} days held, the first {missing[0]}"
        )


def _withdrawn(old: Bars, bars: Bars) -> list[str]:
    missing = _missing(old, bars)
    return [f"{missing[0]}: withdrawn, the first of {len(missing)} such days"] if len(missing) else []


def _without_dividends(provider: Provider, instrument: Instrument, failures: Sequence[str]) -> list[str]:
    if provider.counts_dividends or instrument.kind == "FX":
        return []
    why = "; ".join(failures)
    return [f"{instrument.ticker}: {provider.name}'s bars, adjusted for splits only ({why})"]


def _quotes(provider: Provider, instrument: Instrument, start: date, end: date) -> Quotes:
    quotes = provider.daily(instrument, start, end)
    # Sydney opens on New York's Sunday, which providers make a day of a few hours. It is no trading day here,
    # and no nonsense that is to be refused.
    return quotes.on_weekdays() if instrument.kind == "FX" else quotes
