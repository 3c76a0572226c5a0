"""The cache's layout and schema, in one place.

    cache/universe.csv       what is ingested; uploaded by the deployment from config/universe.csv, as it is
    cache/manifest.json      names all that readers read; replaced by conditional writes only
    cache/last_run.json      the run that started last: {"run_id": ...}
    cache/scans/{scanner}.json     the latest run of a scanner
    cache/runs/{run}/        a run's own objects:
      report.json                    its state and report
      {move}/catalogue.json          per ticker: key of its bars, first and last day, rows, provider
      {move}/bars/{ticker}.parquet   all bars of one ticker: the truth
      {move}/closes-{n}.parquet      adjusted closes of all years, of 500 tickers at most
      {move}/recent-{n}.parquet      the last 300 days, all columns, of the same tickers

A run writes new objects only, below a new id for each move, and then moves the manifest to them: `If-Match`
on the manifest it had read. Who loses reads the winner's manifest, puts its own tickers into that, and tries
again. So a reader that follows one manifest sees one state, and a run killed at any point leaves the old
state or the new. A run of several steps moves it after each: until the last one, readers see the tickers of
the steps that are done a day further than the others, and `run/move` says which state that was.

Lifecycle removes what is older than the deployment's `storage.cache.expire_after_days` below cache/runs/.
What a manifest names is never that old: a run writes anew whatever it keeps and is older than
RENEW_AFTER_DAYS. So all is safe while an ingest succeeds once in the difference of the two, and what no
manifest names any more goes. What was lost nevertheless, or is of another schema, the next ingest loads or
derives again; bars that no provider has any more it names no longer.

All but the universe has a schema version: JSON as `schema_version`, Parquet in its key-value metadata.
Parquet is Zstandard.

    bars     date DATE; open, high, low, close DECIMAL(18,6); volume BIGINT; adjusted_open, adjusted_high,
             adjusted_low, adjusted_close DECIMAL(18,6); ascending by date, no day twice, no NULL
    closes   date DATE; a column per ticker, named like it: adjusted close, DECIMAL(18,6), NULL without a bar;
             ascending by date, trading days only
    recent   ticker VARCHAR; date DATE; the columns of bars, NULL without a bar; a row for every ticker and
             trading day, by ticker in the manifest's order and then by date
"""

SCHEMA_VERSION = 1

UNIVERSE_KEY = "cache/universe.csv"
MANIFEST_KEY = "cache/manifest.json"
LAST_RUN_KEY = "cache/last_run.json"
RUNS_PREFIX = "cache/runs/"
SCANS_PREFIX = "cache/scans/"

RENEW_AFTER_DAYS = 10

PANEL_TICKERS = 500
RECENT_DAYS = 300

PRICE_COLUMNS = ("open", "high", "low", "close")
ADJUSTED_COLUMNS = ("adjusted_open", "adjusted_high", "adjusted_low", "adjusted_close")
COLUMNS = (*PRICE_COLUMNS, "volume", *ADJUSTED_COLUMNS)
# Of a price; a volume is whole shares.
MILLIONTHS = 1_000_000


def report_key(run_id: str) -> str:
    """Where a run's report is."""
    return f"{RUNS_PREFIX}{run_id}/report.json"


def folder(run_id: str, move: str) -> str:
    """Where a run puts the objects of one of its moves; ends with a slash."""
    return f"{RUNS_PREFIX}{run_id}/{move}/"
