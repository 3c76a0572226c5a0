-- On this machine a commit is written later. Before that VACUUM marks no page as seen by all, and then no
-- question is answered by an index alone.
SET synchronous_commit = on;

-- 100,000 trades, of which every second was closed a week later: a third of the rows tells what was known before.
CREATE TEMPORARY TABLE made AS
SELECT
    nextval('parakeet.trade_ids') AS id,
    number,
    timestamptz '2020-01-01Z' + number * interval '20 minutes' AS day
FROM generate_series(1, 100000) AS number;

INSERT INTO parakeet.trade_versions (
    id, version, trade_id, ticker, direction, quantity, entry_price, exit_price, commission, currency,
    entry_date, exit_date, strategy_name, status, pnl, pnl_percent,
    created_at, change, event_date, changed_by, known_from, known_until
)
SELECT
    id, 1, 'BENCH-' || number, 'T' || number % 500, 'BUY', 10, 100.25, NULL, 0, 'USD',
    day, NULL, 'strategy ' || number % 7, 'OPEN', NULL, NULL,
    day, 'OPENED', day, 'trader@parakeet.example', day, CASE number % 2 WHEN 0 THEN day + interval '7 days' END
FROM made
UNION ALL
SELECT
    id, 2, 'BENCH-' || number, 'T' || number % 500, 'BUY', 10, 100.25, 101.5, 0, 'USD',
    day, day + interval '7 days', 'strategy ' || number % 7, 'CLOSED', 12.5, 1.2469,
    day, 'CLOSED', day + interval '7 days', 'trader@parakeet.example', day + interval '7 days', NULL
FROM made
WHERE number % 2 = 0;

-- What PostgreSQL does by itself minutes after so many new rows.
VACUUM ANALYZE parakeet.trade_versions;
