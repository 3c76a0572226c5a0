"""Each scanner's rule, on a ticker that meets it, and on the same with one condition broken."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from functions.market.panel import Recent
from functions.scanner import catalog
from functions.scanner.catalog import SCANNERS
from functions.scanner.scan import Result, Scan, scan
from tests.functions.scanner.panels import business_days, of_one


def test_every_file_of_the_catalog_is_a_scanner_of_that_name_with_a_line_in_it() -> None:
    files = Path(catalog.__file__).parent.glob("[!_]*.py")
    assert {file.stem for file in files} == SCANNERS.keys()


def scanned(name: str, panel: Recent, asked: tuple[str, ...] = ("T",)) -> Scan:
    return scan(SCANNERS[name], panel, frozenset(asked), panel.dates[-1].item(), benchmark="SPY")


def found(name: str, panel: Recent) -> Result | None:
    results = scanned(name, panel).results
    return results[0] if results else None


def passed(name: str, panel: Recent) -> dict[str, int]:
    return scanned(name, panel).counts.passed


def rising(a_day: float = 0.006, days: int = 260, *, before: float | None = None) -> list[float]:
    """By `a_day`, until 30 days ago by `before`. Quiet in the end: its last moves are smaller."""
    moves = np.full(days, a_day)
    moves[:-30] = before or a_day
    moves[-5:] = a_day / 4
    return list(20 * np.exp(np.cumsum(moves)))


def scaled(values: list[float], factor: float) -> list[float]:
    return [value * factor for value in values]


def test_quallamaggie_finds_a_strong_rise_that_rests() -> None:
    result = found("quallamaggie", of_one(rising()))
    assert result is not None
    assert result.signal == "STRONG"
    assert result.numbers["return_63"] == pytest.approx(np.exp(0.006 * 58 + 0.0015 * 5) - 1)
    assert result.numbers["of_high_126"] == 1


def test_quallamaggie_watches_a_weaker_rise() -> None:
    result = found("quallamaggie", of_one(rising(0.0065, before=0.0035)))
    assert result is not None
    assert result.numbers["return_63"] == pytest.approx(
        np.exp(33 * 0.0035 + 25 * 0.0065 + 5 * 0.0065 / 4) - 1
    )
    assert result.signal == "WATCH"


@pytest.mark.parametrize(
    ("stage", "broken"),
    [
        ("liquidity", lambda rise: of_one(rise, close=scaled(rise, 4 / rise[-1]))),
        ("liquidity", lambda rise: of_one(rise, volume=[19.9e6 / rise[-1]] * len(rise))),
        ("momentum", lambda _: of_one(rising(0.004))),
        ("momentum", lambda rise: of_one([*rise[:-30], *scaled(rise[-30:-29], 1.3) * 30])),
        ("trend", lambda _: of_one([*rising(0.012)[:-3], *scaled(rising(0.012)[-3:], 0.92)])),
        # SMA50 is above what it was 2 days ago, and below what it was 10 days ago.
        ("trend", lambda rise: of_one([*rise[:-60], *scaled(rise[-60:-52], 2), *rise[-52:]])),
        ("consolidation", lambda rise: of_one([*rise[:-1], rise[-1] * 1.05])),
        (
            "consolidation",
            lambda rise: of_one(rise, adjusted_high=[*rise[:-50], *scaled(rise[-50:-49], 9), *rise[-49:]]),
        ),
    ],
)
def test_quallamaggie_drops_at_the_condition_that_fails(
    stage: str, broken: Callable[[list[float]], Recent]
) -> None:
    counts = passed("quallamaggie", broken(rising()))
    stages = list(counts)
    assert counts[stage] == 0
    assert counts[stages[stages.index(stage) - 1]] == 1


def test_quallamaggie_has_to_beat_the_benchmark() -> None:
    rise = rising()
    panel = of_one(rise)
    panel.columns["adjusted_close"][:, 1] = np.array(rise) * np.linspace(1, 1.5, len(rise))
    assert passed("quallamaggie", panel)["momentum"] == 0


def test_quallamaggie_needs_200_bars() -> None:
    counts = scanned("quallamaggie", of_one(rising(days=199))).counts
    assert (counts.too_few_bars, counts.scanned) == (1, 0)
    assert found("quallamaggie", of_one(rising(days=200))) is not None


def test_breakout_is_within_a_tenth_of_the_high() -> None:
    rise = rising(0.001)
    assert found("breakout", of_one(rise)) is not None
    for height, near in ((1.11, True), (1.12, False)):
        high = [*rise[:-10], rise[-1] * height, *rise[-9:]]
        assert passed("breakout", of_one(rise, adjusted_high=high)) == {
            "filters": 1,
            "trend": 1,
            "near_high": near,
        }
    assert passed("breakout", of_one(rise[::-1]))["trend"] == 0


def test_high_52_week_wants_volume_that_grows() -> None:
    rise = rising(0.001)
    more = [1e6] * 250 + [1.1e6] * 10
    assert found("high_52_week", of_one(rise, volume=more)) is not None
    assert passed("high_52_week", of_one(rise)) == {"filters": 1, "near_high": 1, "volume": 0}
    high = [*rise[:-10], rise[-1] * 1.03, *rise[-9:]]
    assert passed("high_52_week", of_one(rise, volume=more, adjusted_high=high))["near_high"] == 0


@pytest.mark.parametrize(("ratio", "traded"), [(10, 1.0), (0.1, 1.0), (10, 1.1), (0.1, 1.1)])
def test_a_split_is_no_volume_to_high_52_week_and_hides_none(ratio: float, traded: float) -> None:
    """Ten days ago; since then `traded` times what was traded before, in shares of the same size."""
    rise = rising(0.001)
    raw = [*scaled(rise[:-10], ratio), *rise[-10:]]
    volume = [1e6] * 250 + [1e6 * ratio * traded] * 10
    counts = passed("high_52_week", of_one(rise, close=raw, volume=volume))
    assert counts == {"filters": 1, "near_high": 1, "volume": traded > 1}


def test_dividends_leave_the_volumes_as_they_were_traded() -> None:
    rise = rising(0.001)
    adjusted = [*scaled(rise[:-10], 0.98), *rise[-10:]]
    result = found("high_52_week", of_one(adjusted, close=rise, volume=[1e6] * 250 + [1.1e6] * 10))
    assert result is not None
    assert result.numbers["volume_mean_60"] == pytest.approx((50 * 1e6 + 10 * 1.1e6) / 60, rel=1e-15)


def test_mean_reversion_is_oversold_above_its_long_average_only() -> None:
    rise = rising(0.005, 255)
    fall = [*rise, *(rise[-1] * (1 - 0.015 * day) for day in range(1, 6))]
    result = found("mean_reversion", of_one(fall))
    assert result is not None
    assert result.signal == "OVERSOLD"
    assert result.numbers["bollinger_lower"] == pytest.approx(np.mean(fall[-20:]) - 2 * np.std(fall[-20:]))

    below = [*rise, *(rise[-1] * (1 - 0.15 * day) for day in range(1, 6))]
    assert found("mean_reversion", of_one(below)) is None


def test_mean_reversion_is_overbought_above_70() -> None:
    result = found("mean_reversion", of_one(rising(0.005)))
    assert result is not None
    assert (result.signal, result.numbers["rsi_14"]) == ("OVERBOUGHT", 100)


@pytest.mark.parametrize("name", SCANNERS)
def test_prices_that_do_not_move_are_no_signal(name: str) -> None:
    """Whatever the price: of some, the float of the average is not the price."""
    close = np.tile(np.arange(500, 1500) / 100, (260, 1))
    tickers = ("SPY", *(f"T{number}" for number in range(1, 1000)))
    adjusted = dict.fromkeys(("close", "adjusted_high", "adjusted_low", "adjusted_close"), close)
    panel = Recent(business_days(260), tickers, {**adjusted, "volume": np.full_like(close, 1e6)})
    made = scanned(name, panel, tickers)
    assert (made.counts.scanned, made.results) == (1000, ())
    assert made.counts.passed.get("trend", 0) == 0


def test_a_return_of_exactly_40_percent_is_strong() -> None:
    """In floats, 28 / 20 - 1 is less than 0.4."""
    rise = [
        *([20.0] * 197),
        *np.linspace(20, 25, 42),
        *np.linspace(25, 28.1, 17)[1:],
        28.06,
        28.04,
        28.02,
        28.01,
        28.0,
    ]
    result = found("quallamaggie", of_one(rise))
    assert result is not None
    assert (result.signal, result.numbers["return_63"]) == ("STRONG", 0.4)


@pytest.mark.parametrize("name", SCANNERS)
def test_a_scanner_says_its_rule_and_its_numbers(name: str) -> None:
    scanner = SCANNERS[name]
    assert scanner.name == name
    assert len(scanner.rule) > 50
    assert all(isinstance(number, int | float) for number in scanner.numbers.values())
    assert scanner.numbers
