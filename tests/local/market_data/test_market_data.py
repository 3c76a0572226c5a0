"""The market data server as a process."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

import httpx
import psutil
import pytest

from local.child import ChildError
from local.market_data.market_data import MarketData
from local.market_data.server import FAULTS

pytestmark = pytest.mark.integration

PATH = "/tiingo/daily/SPY/prices?startDate=2024-06-03&endDate=2024-06-30"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MarketData]:
    with MarketData(tmp_path_factory.mktemp("server") / "log", today=date(2024, 6, 6)) as server:
        yield server


def days(server: MarketData) -> list[str]:
    key = f"Token {server.keys['TIINGO_API_KEY']}"
    answer = httpx.get(server.endpoint + PATH, headers={"Authorization": key})
    return [row["date"][:10] for row in answer.raise_for_status().json()]


def test_bars_end_on_its_day_and_a_day_later_there_is_one_more(server: MarketData) -> None:
    server.move_to(date(2024, 6, 6))
    assert days(server)[-1] == "2024-06-06"
    server.move_to(date(2024, 6, 7))
    assert days(server)[-1] == "2024-06-07"


@pytest.mark.parametrize(
    "header", [None, "Token wrong", "Bearer {TIINGO_API_KEY}", "Token {POLYGON_API_KEY}"]
)
def test_without_the_right_key_nothing_is_answered(server: MarketData, header: str | None) -> None:
    headers = {"Authorization": header.format(**server.keys)} if header else {}
    assert httpx.get(server.endpoint + PATH, headers=headers).status_code == 401


def test_a_failure_is_as_often_as_asked_for(server: MarketData) -> None:
    server.fail("500", ticker="SPY", times=2)
    for _ in range(2):
        with pytest.raises(httpx.HTTPStatusError):
            days(server)
    assert days(server)


@pytest.mark.parametrize(
    "change",
    [{"today": "2035-01-01"}, {"today": "soon"}, {"fault": {"kind": "fire"}}, {"fault": {"kind": "500"}}, {}],
)
def test_what_it_does_not_understand_it_refuses(server: MarketData, change: object) -> None:
    assert httpx.post(server.endpoint, json=change).status_code == 400
    assert days(server)


def test_every_failure_has_a_name() -> None:
    assert set(FAULTS) >= {"429", "500", "slow", "truncated", "empty", "wrong key"}


def test_it_ends_with_its_context_and_with_who_started_it(tmp_path: Path) -> None:
    with MarketData(tmp_path / "log") as server:
        pid = server.pid
    assert not psutil.pid_exists(pid)
    code = (
        "import os; from pathlib import Path; from local.market_data.market_data import MarketData\n"
        f"server = MarketData(Path({str(tmp_path)!r}) / 'log').__enter__()\n"
        "print(server.pid, flush=True)\nos._exit(9)"
    )
    parent = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=False, text=True)
    orphan = int(parent.stdout)
    with suppress(psutil.NoSuchProcess):
        psutil.Process(orphan).wait(60)
    assert not psutil.pid_exists(orphan)


def test_its_keys_are_in_no_process_list(server: MarketData) -> None:
    shown = " ".join(psutil.Process(server.pid).cmdline())
    assert all(key not in shown for key in server.keys.values())


def test_a_universe_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ChildError, match="The market data server ended"):
        MarketData(tmp_path / "log", universe=tmp_path / "none.csv").__enter__()
