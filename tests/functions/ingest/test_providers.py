"""The providers' clients, against a server that answers as they do and fails in the ways they do."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from threading import Event

import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.ingest import http_client
from functions.ingest.http_client import HttpClient, RateLimit
from functions.ingest.polygon import Polygon
from functions.ingest.provider import (
    NoDataError,
    OutOfTimeError,
    ProviderError,
    UnknownTickerError,
    WrongKeyError,
)
from functions.ingest.tiingo import Tiingo
from functions.market.bars import check
from functions.market.layout import COLUMNS
from functions.market.report import Report, instant
from functions.market.universe import AUDUSD, Instrument
from local.market_data.history import audusd, history, with_sundays
from local.market_data.market_data import MarketData

pytestmark = pytest.mark.integration

AAPL = Instrument("AAPL", "Apple", "EQUITY")
BRK_B = Instrument("BRK-B", "Berkshire Hathaway", "EQUITY")
BF_B = Instrument("BF-B", "Brown-Forman", "EQUITY")
START, END = date(2014, 6, 2), date(2014, 6, 13)
TODAY = date(2024, 6, 6)


class Slept(Event):
    """Instead of waiting, notes for how long it would have; `clock` is as late as if it had."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def clock(self) -> float:
        return sum(self.seconds)

    def wait(self, timeout: float | None = None) -> bool:
        if timeout:
            self.seconds.append(timeout)
        return self.is_set()


@pytest.fixture
def server(market_server: MarketData) -> Iterator[MarketData]:
    market_server.move_to(TODAY)
    yield market_server
    market_server.recover()


@pytest.fixture
def slept() -> Slept:
    return Slept()


@pytest.fixture
def client(slept: Slept) -> Iterator[HttpClient]:
    with httpx.Client(timeout=http_client.TIMEOUT_SECONDS) as http:
        yield HttpClient(http, RateLimit(1_000_000), lambda: 300, slept, clock=slept.clock)


@pytest.fixture
def tiingo(server: MarketData, client: HttpClient) -> Tiingo:
    return Tiingo(client, server.endpoint, server.keys["TIINGO_API_KEY"])


@pytest.fixture
def polygon(server: MarketData, client: HttpClient) -> Polygon:
    return Polygon(client, server.endpoint, server.keys["POLYGON_API_KEY"])


def test_tiingos_bars_are_raw_and_adjusted_for_splits_and_dividends(tiingo: Tiingo) -> None:
    quotes = tiingo.daily(AAPL, START, END)
    known = history("AAPL")
    rows = known.between(START, END)
    np.testing.assert_array_equal(quotes.dates, known.dates[rows])
    raw = [known.open, known.high, known.low, known.close]
    for column, prices in enumerate(raw):
        np.testing.assert_array_equal(quotes.values[:, column], prices[rows])
    np.testing.assert_array_equal(quotes.values[:, 4], known.volume[rows])
    factor = known.factors(TODAY, dividends=True)[rows]
    for column, prices in enumerate(raw, start=5):
        np.testing.assert_allclose(quotes.values[:, column], prices[rows] * factor, atol=1e-9)
    assert list(quotes.dates[quotes.adjusting]) == [np.datetime64("2014-06-09")]


def test_polygons_bars_are_of_two_answers_and_of_the_days_in_new_york(polygon: Polygon) -> None:
    quotes = polygon.daily(BRK_B, START, END)
    known = history("BRK-B")
    rows = known.between(START, END)
    np.testing.assert_array_equal(quotes.dates, known.dates[rows])
    np.testing.assert_array_equal(quotes.values[:, 3], known.close[rows])
    factor = known.factors(TODAY, dividends=False)[rows]
    np.testing.assert_allclose(quotes.values[:, 8], known.close[rows] * factor, atol=1e-6)
    split = polygon.daily(AAPL, START, END)
    assert list(split.dates[split.adjusting]) == [np.datetime64("2014-06-09")]


@pytest.mark.parametrize("provider", ["tiingo", "polygon"])
def test_rates_of_a_currency_are_bars_without_volume(provider: str, request: pytest.FixtureRequest) -> None:
    quotes = request.getfixturevalue(provider).daily(AUDUSD, START, END)
    known = with_sundays(audusd())
    rows = known.between(START, END)
    np.testing.assert_array_equal(quotes.dates, known.dates[rows])
    np.testing.assert_array_equal(quotes.values[:, 3], known.close[rows])
    np.testing.assert_array_equal(quotes.values[:, 8], known.close[rows])
    assert not quotes.values[:, 4].any()


def test_a_ticker_that_the_provider_lacks_is_final(
    tiingo: Tiingo, polygon: Polygon, client: HttpClient
) -> None:
    with pytest.raises(UnknownTickerError, match=r"does not know this ticker \(404\)"):
        tiingo.daily(BRK_B, START, END)
    with pytest.raises(NoDataError, match="no bars of these days"):
        polygon.daily(BF_B, START, END)
    assert client.requests == 2


@pytest.mark.parametrize("kind", ["500", "429", "truncated", "cut", "html"])
@pytest.mark.parametrize("provider", ["tiingo", "polygon"])
def test_what_passes_is_tried_again(
    kind: str, provider: str, server: MarketData, request: pytest.FixtureRequest
) -> None:
    server.fail(kind, provider=provider, times=3, seconds=0)
    assert len(request.getfixturevalue(provider).daily(AAPL, START, END)) == 10


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("500", "it answers 500, 4 times"),
        ("429", "it answers 429, 4 times"),
        ("truncated", "its answer is not whole JSON, 4 times"),
        ("html", "its answer is not whole JSON, 4 times"),
        ("cut", r"the connection fails \(RemoteProtocolError\), 4 times"),
    ],
)
def test_what_does_not_pass_is_said_after_three_retries(
    kind: str, problem: str, server: MarketData, tiingo: Tiingo, client: HttpClient
) -> None:
    server.fail(kind)
    with pytest.raises(ProviderError, match=problem):
        tiingo.daily(AAPL, START, END)
    assert client.requests == 4


def test_retries_wait_longer_each_time_with_jitter(server: MarketData, tiingo: Tiingo, slept: Slept) -> None:
    server.fail("500")
    with pytest.raises(ProviderError):
        tiingo.daily(AAPL, START, END)
    assert len(slept.seconds) == 3
    for seconds, most in zip(slept.seconds, (1, 2, 4), strict=True):
        assert most / 2 <= seconds <= most


def test_retry_after_is_respected(server: MarketData, tiingo: Tiingo, slept: Slept) -> None:
    server.fail("429", times=1, seconds=37)
    tiingo.daily(AAPL, START, END)
    assert slept.seconds == [37]


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("37", 37),
        ("\u00b2", 0),
        ("soon", 0),
        ("-5", 0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 21 Oct 2015 07:28:00 +99999999999999", 0),
        ("Wed, 21 Oct 2099 07:28:00 GMT", http_client.LONGEST_SECONDS),
        ("9" * 400, http_client.LONGEST_SECONDS),
    ],
)
def test_a_retry_after_that_makes_no_sense_is_no_wait_and_none_is_longer_than_a_day(
    said: str, seconds: float
) -> None:
    answer = httpx.Response(429, headers=[(b"Retry-After", said.encode("latin-1"))])
    assert http_client._retry_after(answer) == seconds


def test_nobody_asks_a_provider_before_it_wants_to_be_asked_again(
    server: MarketData, tiingo: Tiingo, slept: Slept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client, "RETRIES", 0)
    server.fail("429", ticker="AAPL", times=1, seconds=37)
    with pytest.raises(ProviderError, match="it answers 429"):
        tiingo.daily(AAPL, START, END)
    assert len(tiingo.daily(AUDUSD, START, END))
    assert slept.seconds == [37]


def test_nor_does_a_client_that_is_told_of_the_wait_when_it_is_made(server: MarketData, slept: Slept) -> None:
    with httpx.Client() as http:
        client = HttpClient(http, RateLimit(10), lambda: 300, slept, wait=37, clock=slept.clock)
        assert client.wait == 37
        Tiingo(client, server.endpoint, server.keys["TIINGO_API_KEY"]).daily(AAPL, START, END)
    assert (slept.seconds, client.wait) == ([37], 0)


def test_a_wait_that_grows_meanwhile_is_waited_for_to_its_end(
    server: MarketData, tiingo: Tiingo, slept: Slept
) -> None:
    """As another thread is told of a longer one."""
    waits = slept.wait

    def told(timeout: float | None = None) -> bool:
        if not slept.seconds:
            tiingo._client._leave_alone(50)
        return waits(timeout)

    slept.wait = told  # type: ignore[method-assign] # the moment that matters
    server.fail("429", times=1, seconds=37)
    tiingo.daily(AAPL, START, END)
    assert slept.seconds == [37, 13]


def test_a_provider_that_wants_to_be_left_alone_for_long_fails_without_being_asked(
    server: MarketData, tiingo: Tiingo, client: HttpClient, slept: Slept
) -> None:
    server.fail("429", times=1, seconds=3600)
    for instrument in (AAPL, AUDUSD):
        with pytest.raises(ProviderError, match="it wants to be left alone for 3600 s"):
            tiingo.daily(instrument, START, END)
    assert (client.requests, slept.seconds) == (1, [])
    slept.seconds.append(3600)
    assert len(tiingo.daily(AAPL, START, END))


def test_a_wait_that_outlasts_the_invocation_ends_it(
    server: MarketData, tiingo: Tiingo, client: HttpClient, slept: Slept
) -> None:
    client._remaining = lambda: 37 + http_client.TIMEOUT_SECONDS - 1
    server.fail("429", times=1, seconds=37)
    for instrument in (AAPL, AUDUSD):
        with pytest.raises(OutOfTimeError):
            tiingo.daily(instrument, START, END)
    assert (client.requests, slept.seconds) == (1, [])


def test_a_slow_answer_is_given_up(
    server: MarketData, tiingo: Tiingo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client, "RETRIES", 0)
    tiingo._client._client.timeout = 0.2
    server.fail("slow", seconds=1)
    with pytest.raises(ProviderError, match="does not answer within"):
        tiingo.daily(AAPL, START, END)


def test_an_answer_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch, slept: Slept) -> None:
    monkeypatch.setattr(http_client, "RETRIES", 0)
    monkeypatch.setattr(http_client, "TIMEOUT_SECONDS", -1)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=iter([b"[", b"]"])))
    client = HttpClient(
        httpx.Client(transport=transport), RateLimit(10), lambda: 300, slept, clock=slept.clock
    )
    with pytest.raises(ProviderError, match="takes longer than"):
        client.get("https://drips.example.com", {}, {})


@pytest.mark.parametrize("provider", ["tiingo", "polygon"])
def test_an_empty_list_is_no_data(provider: str, server: MarketData, request: pytest.FixtureRequest) -> None:
    server.fail("empty")
    with pytest.raises(NoDataError, match="no bars of these days"):
        request.getfixturevalue(provider).daily(AAPL, START, END)


@pytest.mark.parametrize("provider", ["tiingo", "polygon"])
def test_a_wrong_key_is_said_at_once_and_not_shown(
    provider: str, server: MarketData, client: HttpClient
) -> None:
    made = (Tiingo if provider == "tiingo" else Polygon)(client, server.endpoint, "no-such-key")
    with pytest.raises(WrongKeyError) as raised:
        made.daily(AAPL, START, END)
    assert str(raised.value) == "127.0.0.1 refuses our key (401)"
    assert client.requests == 1


@pytest.mark.parametrize(
    "answer",
    [
        "{}",
        '"text"',
        "[1]",
        '[{"date": "2014-06-02"}]',
        '[{"date": 5, "open": 1, "high": 1, "low": 1, "close": 1}]',
        '[{"date": "soon", "open": 1, "high": 1, "low": 1, "close": 1}]',
        '[{"date": "2014-06-02", "open": "1", "high": 1, "low": 1, "close": 1}]',
        '[{"date": "2014-06-02", "open": true, "high": 1, "low": 1, "close": 1}]',
        '[{"date": "2014-06-02", "open": [], "high": 1, "low": 1, "close": 1}]',
        '[{"date": "2014-06-02", "open": 1' + "0" * 400 + ', "high": 1, "low": 1, "close": 1}]',
    ],
)
def test_an_answer_of_another_shape_is_refused(answer: str, slept: Slept) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, text=answer))
    client = HttpClient(httpx.Client(transport=transport), RateLimit(10), lambda: 300, slept)
    with pytest.raises(ProviderError):
        Tiingo(client, "https://x.example.com", "key").daily(AUDUSD, START, END)


def test_an_answer_nested_deeper_than_python_recurses_fails_its_ticker_and_not_the_run(slept: Slept) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, text="[" * 100_000))
    http = httpx.Client(transport=transport)
    client = HttpClient(http, RateLimit(10), lambda: 300, slept, clock=slept.clock)
    with pytest.raises(ProviderError, match="its answer is not whole JSON"):
        client.get("https://x.example.com", {}, {})


def test_a_value_that_is_null_is_a_bar_refused_and_not_a_ticker(slept: Slept) -> None:
    bar = '{"date":"2014-06-02","open":null,"high":1,"low":1,"close":1}'
    text = f"[{bar},{bar.replace('null', '1').replace('02', '03')}]"
    transport = httpx.MockTransport(lambda _: httpx.Response(200, text=text))
    client = HttpClient(httpx.Client(transport=transport), RateLimit(10), lambda: 300, slept)
    quotes = Tiingo(client, "https://x.example.com", "key").daily(AUDUSD, START, END)
    bars, refused = check(quotes, today=TODAY)
    assert (len(bars), refused) == (1, {"a value is missing or too large": 1})
    assert quotes.values.shape == (2, len(COLUMNS))


def test_what_would_not_end_in_time_is_not_begun(server: MarketData, slept: Slept) -> None:
    with httpx.Client() as http:
        client = HttpClient(http, RateLimit(10), lambda: http_client.TIMEOUT_SECONDS - 1, slept)
        with pytest.raises(OutOfTimeError):
            client.get(server.endpoint, {}, {})
    assert client.requests == 0


STEPS = st.lists(
    st.tuples(st.floats(0, 4000), st.lists(st.floats(0, 40), max_size=12)), min_size=1, max_size=10
)


@given(st.integers(1, 20), STEPS)
def test_no_hour_of_a_run_has_more_requests_than_the_limit(
    limit: int, steps: list[tuple[float, list[float]]]
) -> None:
    """Steps of a pause and of requests, so many seconds apart."""
    now = datetime(2024, 6, 7, 6, tzinfo=UTC)
    report = Report("", "", instant(now), instant(now), 0, [])
    sent: list[datetime] = []
    for pause, gaps in steps:
        now += timedelta(seconds=pause)
        report.sent = report.sent_within_an_hour(now)
        used = report.sent.get("tiingo", 0)
        rate, before = RateLimit(limit, used=used), len(sent)
        for gap in gaps:
            now += timedelta(seconds=gap)
            with suppress(OutOfTimeError):
                rate.take()
                sent.append(now)
        report.sent = {"tiingo": used + len(sent) - before}
        report.updated_at = instant(now)
    for at in sent:
        assert sum(at <= other < at + timedelta(hours=1) for other in sent) <= limit


def test_all_requests_of_an_hour_may_be_sent_at_once() -> None:
    limit = RateLimit(600, used=43)
    for _ in range(557):
        limit.take()
    with pytest.raises(OutOfTimeError):
        limit.take()


def test_connections_are_kept(server: MarketData, tiingo: Tiingo) -> None:
    before = server.requests()["connections"]
    for _ in range(5):
        tiingo.daily(AAPL, START, END)
    # Ours, and the one that asks how many.
    assert server.requests()["connections"] == before + 2
