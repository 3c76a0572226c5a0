"""Bodies of requests."""

NEW = {
    "ticker": "SPY",
    "direction": "BUY",
    "quantity": 10,
    "entry_price": 100.5,
    "entry_date": "2025-01-02T00:00:00Z",
}
