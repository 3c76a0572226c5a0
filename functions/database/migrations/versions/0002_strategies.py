"""Results of backtests. They are written once and never changed."""

from alembic import op

revision = "0002"
down_revision = "0001"

RESULTS = """
CREATE TABLE parakeet.strategy_results (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    strategy        text NOT NULL CHECK (length(strategy) BETWEEN 1 AND 100),
    parameters      jsonb NOT NULL,
    index           text CHECK (length(index) <= 50),
    tickers         text[] NOT NULL CHECK (cardinality(tickers) >= 1),
    start_date      date NOT NULL, -- the first and the last trading day of the run
    end_date        date NOT NULL CHECK (end_date > start_date),
    currency        text NOT NULL CHECK (currency IN ('AUD', 'USD')),
    initial_capital numeric NOT NULL CHECK (initial_capital > 0),
    commission      numeric NOT NULL CHECK (commission >= 0),
    slippage_bps    numeric NOT NULL CHECK (slippage_bps >= 0),
    fx_bps          numeric NOT NULL CHECK (fx_bps >= 0),
    final_equity    numeric NOT NULL CHECK (final_equity >= 0),
    costs_paid      numeric NOT NULL CHECK (costs_paid >= 0),
    metrics         jsonb NOT NULL,
    -- As they are answered. Of the type json, which keeps every digit.
    equity_curve    json NOT NULL,
    rebalances      json NOT NULL,
    ingest_run      text NOT NULL, -- whose prices it saw
    code_version    text NOT NULL,
    run_by          text NOT NULL CHECK (length(run_by) BETWEEN 1 AND 320),
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX strategy_results_newest ON parakeet.strategy_results (strategy, id DESC);

CREATE TABLE parakeet.strategy_trades (
    result_id bigint NOT NULL REFERENCES parakeet.strategy_results,
    number    integer NOT NULL CHECK (number >= 1),
    date      date NOT NULL,
    ticker    text NOT NULL,
    direction text NOT NULL CHECK (direction IN ('BUY', 'SELL')),
    quantity  numeric NOT NULL CHECK (quantity >= 0),
    price     numeric NOT NULL CHECK (price > 0), -- adjusted close, in USD
    value     numeric NOT NULL CHECK (value >= 0), -- like cost in the account's currency
    cost      numeric NOT NULL CHECK (cost >= 0),
    PRIMARY KEY (result_id, number)
);

GRANT SELECT, INSERT ON parakeet.strategy_results, parakeet.strategy_trades TO parakeet_application;
"""


def upgrade() -> None:
    """Beside trades, which know nothing of them."""
    op.get_bind().exec_driver_sql(RESULTS)
