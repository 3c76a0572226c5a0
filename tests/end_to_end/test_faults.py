"""What breaks while requests are served, and that all comes back by itself."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import uuid4

import pytest

from local.postgres.server import Postgres
from tests.end_to_end.served import Api, Served, error, placed, trade

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("end_to_end")]

# A request is under way for at least that long.
HELD_SECONDS = 3.0


@pytest.fixture
def postgres(served: Served) -> Iterator[Postgres]:
    """As it should be afterwards, whatever a test did to it."""
    postgres = served.platform.postgres
    yield postgres
    postgres.delay(0)
    postgres.start()
    postgres.accept()


def refused_for_now(answer_api: Api) -> None:
    answer = answer_api.get("/trades")
    assert error(answer) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    for inner in ("postgres", "localhost", "psycopg", "password", "Traceback"):
        assert inner not in answer.text


def test_a_function_killed_in_the_middle_of_a_request_fails_that_one_and_the_next_is_answered(
    served: Served, api: Api, postgres: Postgres
) -> None:
    ticker = f"D{uuid4().hex[:12]}".upper()
    placed(api, ticker=ticker)
    postgres.delay(HELD_SECONDS)
    with ThreadPoolExecutor(1) as pool:
        dying = pool.submit(api.post, "/trades", json=trade(ticker=ticker))
        time.sleep(HELD_SECONDS / 2)
        assert served.kill("trades") >= 1
        answer = dying.result()
    postgres.delay(0)
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})
    # Nothing half done, and the next environment is a new one.
    assert api.get("/trades", params={"ticker": ticker}).json()["total"] == 1
    assert "Runtime exited with error: signal: killed" in served.logged("trades")


def test_a_stopped_database_is_503_with_retry_after_and_answers_again_by_itself(
    served: Served, api: Api, anonymous: Api, postgres: Postgres
) -> None:
    body = placed(api)
    postgres.stop()
    refused_for_now(api)
    served.kill("data")
    health = anonymous.get("/health")
    assert (health.status_code, health.json()["parts"]["database"]["status"]) == (503, "failed")
    assert health.json()["parts"]["cache"]["status"] == "ok"
    assert int(health.headers["Retry-After"]) > 0
    postgres.start()
    assert api.get(f"/trades/{body['id']}").json() == body
    served.kill("data")
    assert anonymous.get("/health").status_code == 200


def test_a_database_that_nobody_listens_for_is_503_and_answers_again(api: Api, postgres: Postgres) -> None:
    placed(api)
    postgres.refuse()
    postgres.cut()
    refused_for_now(api)
    postgres.accept()
    assert api.get("/trades").status_code == 200


def test_connections_that_are_cut_are_opened_again_without_anybody_noticing(
    api: Api, postgres: Postgres
) -> None:
    body = placed(api)
    for _ in range(3):
        assert postgres.cut() >= 1
        assert api.get(f"/trades/{body['id']}").json() == body


def test_a_crash_of_the_database_loses_nothing_that_was_answered(api: Api, postgres: Postgres) -> None:
    bodies = [placed(api) for _ in range(3)]
    postgres.kill()
    postgres.start()
    for body in bodies:
        assert api.get(f"/trades/{body['id']}").json() == body


@contextmanager
def renewed(served: Served, *functions: str) -> Iterator[None]:
    """New environments before and after: one that has read its secret keeps it."""
    for function in functions:
        served.kill(function)
    try:
        yield
    finally:
        for function in functions:
            served.kill(function)


def test_a_function_whose_grant_was_taken_away_is_refused_and_health_says_so(
    served: Served, api: Api, anonymous: Api
) -> None:
    body = placed(api)
    with (
        renewed(served, "trades", "data"),
        served.without_policy("trades-api", "read-database-secret"),
        served.without_policy("data-api", "read-database-secret"),
    ):
        refused_for_now(api)
        health = anonymous.get("/health")
        assert (health.status_code, health.json()["parts"]["database"]["status"]) == (503, "failed")
        assert "AccessDenied" in served.logged("trades")
    assert api.get(f"/trades/{body['id']}").json() == body
    assert anonymous.get("/health").status_code == 200


def test_a_key_server_that_is_down_keeps_nobody_out_whose_key_is_known(served: Served, api: Api) -> None:
    assert api.get("/trades").status_code == 200
    team = served.platform.team
    team.stop()
    try:
        assert api.get("/trades").status_code == 200
    finally:
        team.start()
