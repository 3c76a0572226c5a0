"""Writes expected.json: what independent libraries say of the prices in series.py.

Run in an environment of its own, from the repository:

    uv venv /tmp/oracles --python 3.11
    uv pip install --python /tmp/oracles/bin/python bt==1.4.1 empyrical-reloaded==0.7.1 TA-Lib==0.8.2
    /tmp/oracles/bin/python -m tests.oracles.make_expected
"""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

# Not in the project's environment: they are oracles, and bring pandas along.
import bt  # type: ignore[import-not-found]
import empyrical  # type: ignore[import-not-found]
import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import talib  # type: ignore[import-not-found]

from tests.oracles.series import TICKERS, closes, ranges, weekdays

SHARES = [ticker for ticker in TICKERS if ticker.startswith("A")]
DEFENSIVE = ["TLT", "IEF", "BND"]
FIRST = 300
LIBRARIES = ("bt", "empyrical-reloaded", "TA-Lib", "numpy", "pandas")


def dual_momentum(prices: Any, lookback: int, risk_free: float) -> Any:
    returns = prices.pct_change(lookback)
    weights = pd.DataFrame(0.0, index=prices.index, columns=prices.columns)
    for day, row in returns.dropna().iterrows():
        best = row[SHARES].idxmax()
        if not row[best] > risk_free * lookback / 252:
            best = row[DEFENSIVE].idxmax()
        weights.loc[day, best] = 1.0
    return weights


def momentum(prices: Any, lookback: int, skip: int, top: int) -> Any:
    returns = prices[SHARES].shift(skip) / prices[SHARES].shift(lookback) - 1
    chosen = (returns.rank(axis=1, ascending=False) <= top) & (returns > 0)
    return (chosen / top).reindex(columns=prices.columns, fill_value=0.0)


def equity(prices: Any, weights: Any) -> list[float]:
    """bt's account without costs. Decided on the first day of each month, and of the run; executed a day
    later.
    """
    days = prices.index
    month = days.to_period("M")
    decided = (month != month.to_series().shift().to_numpy()) | (np.arange(len(days)) == FIRST)
    decided &= np.arange(len(days)) >= FIRST
    executed = weights[decided].copy()
    executed.index = [days[days.get_loc(day) + 1] for day in executed.index]
    strategy = bt.Strategy(
        "oracle", [bt.algos.RunOnDate(*executed.index), bt.algos.WeighTarget(executed), bt.algos.Rebalance()]
    )
    run = bt.run(
        bt.Backtest(strategy, prices.iloc[FIRST:], initial_capital=100_000.0, integer_positions=False),
        progress_bar=False,
    )
    return [float(value) for value in run.backtests["oracle"].strategy.values.loc[days[FIRST] :]]


def metrics(values: list[float]) -> dict[str, float]:
    returns = pd.Series(values).pct_change().dropna()
    downside = empyrical.downside_risk(returns, required_return=0)
    return {
        "total_return": empyrical.cum_returns_final(returns),
        "cagr": empyrical.cagr(returns),
        "volatility": empyrical.annual_volatility(returns),
        "sharpe": empyrical.sharpe_ratio(returns, risk_free=0.04 / 252),
        # Ours has the risk-free rate above, and 0 as the bound below.
        "sortino": float((returns.mean() * 252 - 0.04) / downside),
        "max_drawdown": empyrical.max_drawdown(returns),
        "calmar": empyrical.calmar_ratio(returns),
    }


def indicators() -> dict[str, dict[str, list[float]]]:
    """Every tenth of the last 600 days of three tickers."""
    found = {}
    for ticker in ("A00", "A05", "TLT"):
        close = np.array(closes()[ticker])
        high, low = (np.array(side) for side in ranges()[ticker])
        upper, _, lower = talib.BBANDS(close, timeperiod=20, nbdevup=2, nbdevdn=2)
        series = {
            "sma_10": talib.SMA(close, 10),
            "sma_200": talib.SMA(close, 200),
            "rsi_14": talib.RSI(close, 14),
            "atr_14": talib.ATR(high, low, close, 14),
            "bollinger_lower": lower,
            "bollinger_upper": upper,
        }
        found[ticker] = {
            name: [float(value) for value in values[-600::10]] for name, values in series.items()
        }
    return found


def main() -> None:
    prices = pd.DataFrame(closes(), index=pd.DatetimeIndex(weekdays()))
    curves = {
        "dual_momentum": equity(prices, dual_momentum(prices, 126, 0.04)),
        "momentum": equity(prices, momentum(prices, 252, 21, 4)),
    }
    expected = {
        "made_with": {library: version(library) for library in LIBRARIES},
        # Every tenth day, and the last.
        "equity": {name: [*values[::10], values[-1]] for name, values in curves.items()},
        "metrics": {name: metrics(values) for name, values in curves.items()},
        "indicators": indicators(),
    }
    Path(__file__).with_name("expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
