"""Trades, of which nothing is ever overwritten, and the keys of requests that must not be done twice."""

from alembic import op

revision = "0001"
down_revision = None

ROLE = """
DO $$ BEGIN
    CREATE ROLE parakeet_application NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- roles are the server's: another of its databases has made it
END $$;
GRANT parakeet_application TO CURRENT_USER;
GRANT USAGE ON SCHEMA parakeet TO parakeet_application;
"""

TRADES = """
CREATE SEQUENCE parakeet.trade_ids;
CREATE SEQUENCE parakeet.trade_numbers;

-- A row is what was known of a trade from known_from until known_until; the latest has no end. Numbers
-- have no fixed scale, so that an answer has the digits that were sent.
CREATE TABLE parakeet.trade_versions (
    id            bigint NOT NULL DEFAULT nextval('parakeet.trade_ids'),
    version       integer NOT NULL CHECK (version >= 1),
    trade_id      text NOT NULL CHECK (length(trade_id) BETWEEN 1 AND 50),
    ticker        text NOT NULL CHECK (length(ticker) BETWEEN 1 AND 20),
    asset_name    text CHECK (length(asset_name) <= 100),
    asset_class   text CHECK (length(asset_class) <= 50),
    direction     text NOT NULL CHECK (direction IN ('BUY', 'SELL')),
    quantity      numeric NOT NULL CHECK (quantity > 0 AND quantity < 1e12 AND scale(quantity) <= 8),
    entry_price   numeric NOT NULL CHECK (entry_price > 0 AND entry_price < 1e12 AND scale(entry_price) <= 8),
    exit_price    numeric CHECK (exit_price > 0 AND exit_price < 1e12 AND scale(exit_price) <= 8),
    commission    numeric NOT NULL CHECK (commission >= 0 AND commission < 1e12 AND scale(commission) <= 8),
    currency      text NOT NULL CHECK (currency IN ('AUD', 'USD')),
    entry_date    timestamptz NOT NULL,
    exit_date     timestamptz CHECK (exit_date >= entry_date),
    strategy_name text NOT NULL CHECK (length(strategy_name) BETWEEN 1 AND 100),
    signal_score  numeric CHECK (signal_score BETWEEN 0 AND 1),
    notes         text CHECK (length(notes) <= 10000),
    status        text NOT NULL CHECK (status IN ('OPEN', 'CLOSED', 'CANCELLED')),
    pnl           numeric,
    pnl_percent   numeric,
    created_at    timestamptz NOT NULL,
    change        text NOT NULL CHECK (change IN ('OPENED', 'CORRECTED', 'CLOSED', 'CANCELLED', 'DELETED')),
    event_date    timestamptz NOT NULL,
    changed_by    text NOT NULL CHECK (length(changed_by) BETWEEN 1 AND 320),
    known_from    timestamptz NOT NULL,
    known_until   timestamptz CHECK (known_until > known_from),
    PRIMARY KEY (id, version),
    CHECK ((status = 'CLOSED') = (exit_price IS NOT NULL)),
    CHECK ((exit_price IS NULL) = (exit_date IS NULL)),
    CHECK ((exit_price IS NULL) = (pnl IS NULL) AND (pnl IS NULL) = (pnl_percent IS NULL))
);
CREATE UNIQUE INDEX trade_versions_trade_id ON parakeet.trade_versions (trade_id) WHERE version = 1;
CREATE UNIQUE INDEX trade_versions_latest ON parakeet.trade_versions (id) WHERE known_until IS NULL;

-- Lists of today, in their usual order, whole or by a filter. With the version in it,
-- an index counts and pages alone.
CREATE INDEX trade_versions_by_entry ON parakeet.trade_versions (entry_date, id) INCLUDE (version)
    WHERE known_until IS NULL AND change <> 'DELETED';
CREATE INDEX trade_versions_by_ticker ON parakeet.trade_versions (ticker, entry_date, id) INCLUDE (version)
    WHERE known_until IS NULL AND change <> 'DELETED';
CREATE INDEX trade_versions_by_status ON parakeet.trade_versions (status, entry_date, id) INCLUDE (version)
    WHERE known_until IS NULL AND change <> 'DELETED';
-- Lists of another day.
CREATE INDEX trade_versions_known ON parakeet.trade_versions (entry_date, id)
    INCLUDE (version, known_from, known_until) WHERE change <> 'DELETED';

GRANT USAGE ON SEQUENCE parakeet.trade_ids, parakeet.trade_numbers TO parakeet_application;
-- The end of what was known is all that may ever change in a row.
GRANT SELECT, INSERT, UPDATE (known_until) ON parakeet.trade_versions TO parakeet_application;
"""

KEYS = """
CREATE TABLE parakeet.idempotency_keys (
    caller     text NOT NULL,
    key        text NOT NULL,
    request    bytea NOT NULL, -- SHA-256 of what was asked
    status     smallint,
    answer     text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_keys_by_age ON parakeet.idempotency_keys (created_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON parakeet.idempotency_keys TO parakeet_application;
"""


def upgrade() -> None:
    """Of nothing but an empty schema."""
    for statements in (ROLE, TRADES, KEYS):
        op.get_bind().exec_driver_sql(statements)
