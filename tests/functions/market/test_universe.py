"""The file of instruments."""

from pathlib import Path

import pytest

from functions.market.universe import UniverseError, read_universe

HEADER = "ticker,name,kind,indices\n"


def test_the_projects_universe_has_its_557_instruments() -> None:
    text = (Path(__file__).parents[3] / "config" / "universe.csv").read_text(encoding="utf-8")
    universe = read_universe(text)
    assert len(universe) == 557
    assert universe.indices == ["NASDAQ100", "SPX500", "US_ETFS"]
    assert len(universe.of_index("US_ETFS")) == 40
    assert "SPY" in universe
    assert universe.of_index("NONE") == []


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        ("A,Agilent,EQUITY\n", "line 2: 3 fields; there have to be 4"),
        ("a,Agilent,EQUITY,SPX500\n", "line 2: ticker 'a'; allowed is upper case"),
        ("../A,Agilent,EQUITY,SPX500\n", "line 2: ticker '../A'; allowed is upper case"),
        ("A,Agilent,EQUITY,\nA,Again,EQUITY,\n", "line 3: ticker 'A' is there already"),
        ("AUDUSD,Dollars,EQUITY,\n", "line 2: ticker 'AUDUSD' is there already"),
        ("DATE,Jiayuan,EQUITY,\n", "line 2: ticker 'DATE'; the panels' column of days has this name"),
        ("date,Jiayuan,EQUITY,\n", "line 2: ticker 'date'; allowed is upper case"),
        ("A, ,EQUITY,\n", "line 2: A has no name"),
        ("A,Agilent,BOND,\n", "line 2: kind 'BOND'; allowed are EQUITY and ETF"),
        ("", "has no instruments"),
    ],
)
def test_a_wrong_line_is_refused_with_its_number(rows: str, wrong: str) -> None:
    with pytest.raises(UniverseError) as raised:
        read_universe(HEADER + rows)
    assert wrong in str(raised.value)


def test_another_header_is_refused() -> None:
    with pytest.raises(UniverseError, match="line 1"):
        read_universe("symbol,name\nA,Agilent\n")
