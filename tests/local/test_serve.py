"""What a second terminal may ask of a served platform; all else of it is in tests/terraform/test_serve.py."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from local.control import ControlError
from local.market_data.market_data import MarketData
from local.platform import LocalPlatform
from local.serve import Orders

pytestmark = pytest.mark.integration


def bars(market: MarketData) -> httpx.Response:
    return httpx.get(
        f"{market.endpoint}/tiingo/daily/SPY/prices?startDate=2024-01-02&endDate=2024-01-05",
        headers={"Authorization": f"Token {market.keys['TIINGO_API_KEY']}"},
    )


def test_its_data_providers_clock_moves_and_they_fail_and_recover_as_told(tmp_path: Path) -> None:
    said: list[str] = []
    with MarketData(tmp_path / "log") as market:
        orders = Orders(cast("LocalPlatform", SimpleNamespace(market_data=market)))

        def told(**arguments: Any) -> httpx.Response:
            # As make gives them.
            orders.providers({"day": "", "fault": "", "ticker": "", **arguments}, said.append)
            return bars(market)

        assert [bar["date"][:10] for bar in told(day="2024-01-03").json()] == ["2024-01-02", "2024-01-03"]
        assert told(fault="429", ticker="QQQ").status_code == 200
        assert told(fault="500").status_code == 500
        assert told(fault="none", day="2024-02-01").status_code == 200
        assert len(bars(market).json()) == 4
        with pytest.raises(ControlError, match="DAY=tomorrow: allowed: a day as 2026-01-30"):
            told(day="tomorrow")
        with pytest.raises(ControlError, match="FAULT=404: allowed: none, 429, 500"):
            told(fault="404", day="2024-01-03")
        assert len(bars(market).json()) == 4
    assert said == [
        "they have bars until 2024-01-03",
        "from now on, 429 is answered for QQQ",
        "from now on, 500 is answered for every ticker",
        "they have bars until 2024-02-01",
        "nothing goes wrong any more",
    ]
