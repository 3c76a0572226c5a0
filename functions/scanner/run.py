"""A scan from its request to its answer."""

from dataclasses import asdict
from datetime import datetime

from functions.market.asked import instruments_of, refuse_unknown
from functions.market.cache import Snapshot
from functions.market.panel import load_recent
from functions.market.universe import Universe
from functions.scanner.bars import COLUMNS
from functions.scanner.catalog import SCANNERS
from functions.scanner.estimate import refuse_what_does_not_end
from functions.scanner.model import ScanCounts, ScanRequest, ScanResult, ScanRun
from functions.scanner.scan import Filters, scan

BENCHMARK = "SPY"


def run(
    request: ScanRequest,
    universe: Universe,
    snapshot: Snapshot,
    *,
    memory_mb: int,
    by: str,
    now: datetime,
    code_version: str,
) -> tuple[ScanRun, list[ScanResult]]:
    """Raises InvalidError for tickers or an index that there are not, and for more than it can scan."""
    asked = _asked(request, universe)
    refuse_what_does_not_end(len(asked), memory_mb)
    recent = load_recent(snapshot, tuple(dict.fromkeys((*asked, BENCHMARK))), COLUMNS)
    filters = Filters(request.min_price, request.max_price, request.min_dollar_volume)
    found = scan(
        SCANNERS[request.scanner],
        recent,
        frozenset(asked),
        snapshot.catalogue.market_day,
        benchmark=BENCHMARK,
        filters=filters,
    )
    made = ScanRun(
        scanner=request.scanner,
        date=found.date,
        index=request.index,
        filters=asdict(filters),
        counts=ScanCounts(**asdict(found.counts)),
        ingest_run=snapshot.manifest.state,
        code_version=code_version,
        run_by=by,
        ran_at=now,
    )
    return made, [ScanResult(scanner=request.scanner, **vars(result)) for result in found.results]


def _asked(request: ScanRequest, universe: Universe) -> tuple[str, ...]:
    if request.tickers is not None:
        refuse_unknown(request.tickers, universe)
        return tuple(dict.fromkeys(request.tickers))
    found = universe if request.index is None else instruments_of(request.index, universe)
    return tuple(instrument.ticker for instrument in found)
