"""Makes a run's new bars what readers read: catalogue and panels are written, then the manifest is moved."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from functions.ingest.former import Former, is_there, read_former
from functions.ingest.panels import Group, closes, grouped, recent
from functions.ingest.ticker import Column, Outcome, Update
from functions.market.cache import Cache
from functions.market.layout import MANIFEST_KEY, folder
from functions.market.manifest import Catalogue, Entry, Manifest, Panel, manifest_json
from functions.market.objects import ObjectChangedError, StorageError
from functions.market.report import instant
from functions.market.universe import AUDUSD, Universe

# Of a move that lost to other runs'. Two or three runs at once are many.
ATTEMPTS = 8


def publish(
    cache: Cache,
    universe: Universe,
    outcomes: Sequence[Outcome],
    *,
    run_id: str,
    move: str,
    now: datetime,
) -> None:
    """Move the manifest, so that it names the outcomes' updates and all that it named before but what is
    gone. Of a ticker's outcomes, the last update counts.

    Where another run moved it meanwhile, its tickers stay, but those of which we have later days. Raises
    StorageError if that happens too often.
    """
    if not any(outcome.update or outcome.gone for outcome in outcomes):
        return
    for attempt in range(ATTEMPTS):
        former = read_former(cache)
        there = former.manifest
        if there and there.run_id == run_id and there.move.startswith(f"{move}-"):
            # A lost answer: the write before had succeeded.
            return
        try:
            _move(cache, universe, outcomes, former, run_id=run_id, move=f"{move}-{attempt}", now=now)
        except ObjectChangedError:
            continue
        return
    raise StorageError(f"the manifest was moved by others {ATTEMPTS} times")


def _move(
    cache: Cache,
    universe: Universe,
    outcomes: Sequence[Outcome],
    former: Former,
    *,
    run_id: str,
    move: str,
    now: datetime,
) -> None:
    here = folder(run_id, move)
    today = now.astimezone(UTC).date()
    gone = {outcome.gone for outcome in outcomes}
    lost = {outcome.lost for outcome in outcomes}
    updates = {outcome.ticker: outcome.update for outcome in outcomes if outcome.update}
    entries = {ticker: entry for ticker, entry in former.tickers.items() if entry.key not in gone}
    ours = {ticker: update for ticker, update in updates.items() if _ours(entries.get(ticker), update)}
    entries |= {ticker: update.entry for ticker, update in ours.items()}
    entries = {ticker: e for ticker, e in entries.items() if ticker in universe or ticker == AUDUSD.ticker}
    columns = {ticker: update.column for ticker, update in ours.items() if ticker in universe}

    def derivable(panel: Panel, tickers: Sequence[str]) -> Sequence[str] | None:
        without = [ticker for ticker in tickers if ticker not in columns]
        if not without or is_there(cache, panel):
            return tickers
        if all(entries[ticker].key in lost for ticker in without):
            return [ticker for ticker in tickers if ticker in columns]
        return None

    groups = grouped(former.panels, list(columns), entries.__contains__, derivable, today)
    panels = tuple(
        _written(cache, group, columns, f"{here}{{kind}}-{number}.parquet", today.isoformat())
        for number, group in enumerate(groups)
    )
    catalogue = f"{here}catalogue.json"
    cache.put_catalogue(catalogue, Catalogue(dict(sorted(entries.items()))))
    moved = Manifest(run_id=run_id, move=move, moved_at=instant(now), catalogue=catalogue, panels=panels)
    cache.objects.put(
        MANIFEST_KEY,
        manifest_json(moved),
        replacing=former.etag,
        new=former.etag is None,
    )


def _ours(theirs: Entry | None, update: Update) -> bool:
    if theirs is None or theirs.key == update.replaces:
        return True
    # Another run was there first. Theirs are as good as ours, unless ours go on.
    return update.entry.last > theirs.last


def _written(cache: Cache, group: Group, columns: Mapping[str, Column], key: str, today: str) -> Panel:
    former, tickers = group.former, group.tickers
    if former and not group.changed:
        return former
    kept = [ticker for ticker in tickers if ticker not in columns]
    new = Panel(tickers, key.format(kind="closes"), key.format(kind="recent"), today)
    # One after the other, so that only one is in memory.
    for name, derive in (("closes", closes), ("recent", recent)):
        file = cache.file(getattr(former, name)) if kept else None
        cache.objects.put(getattr(new, name), derive(file, kept, tickers, columns))
    return new
