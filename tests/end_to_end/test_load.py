"""Many at once: nothing is lost, nothing done twice."""

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.end_to_end.served import ANSWER_SECONDS, HEADER, Api, Served, placed, trade

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("end_to_end")]

USERS = 100


async def _user(url: str, token: str, ticker: str, statuses: Counter[int]) -> list[int]:
    """One user places two trades, looks at the list, and closes the first; the ids of what was placed."""
    limits = httpx.Limits(max_connections=1)
    headers = {HEADER: token}
    async with httpx.AsyncClient(
        base_url=url, headers=headers, timeout=ANSWER_SECONDS, limits=limits, trust_env=False
    ) as client:

        async def ask(method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
            while True:
                answer = await client.request(method, path, json=body)
                statuses[answer.status_code] += 1
                if answer.status_code != 429:
                    return answer
                # dev's own limit of a route, 10 a second.
                await asyncio.sleep(1)

        ids = [int((await ask("POST", "/trades", trade(ticker=ticker))).json()["id"]) for _ in range(2)]
        listed = (await ask("GET", f"/trades?ticker={ticker}&page_size=200")).json()
        assert set(ids) <= {row["id"] for row in listed["trades"]} or listed["total"] > 200
        closed = await ask("POST", f"/trades/{ids[0]}/close", {"exit_price": 200})
        assert closed.json()["status"] == "CLOSED"
        return ids


def test_a_hundred_users_at_once_lose_nothing_and_see_no_server_error(served: Served, api: Api) -> None:
    ticker = f"L{uuid4().hex[:12]}".upper()
    tokens = [served.platform.team.tokens.person(f"user{number}@parakeet.example") for number in range(USERS)]
    statuses: Counter[int] = Counter()

    async def everybody() -> list[list[int]]:
        return await asyncio.gather(*(_user(served.url, token, ticker, statuses) for token in tokens))

    placed_ids = [each for ids in asyncio.run(everybody()) for each in ids]
    assert set(statuses) <= {200, 201, 429}, statuses
    assert (statuses[201], statuses[200]) == (2 * USERS, 2 * USERS)
    assert len(set(placed_ids)) == 2 * USERS
    shown: list[dict[str, Any]] = []
    for page in (1, 2):
        shown += api.get("/trades", params={"ticker": ticker, "page_size": 100, "page": page}).json()[
            "trades"
        ]
    assert sorted(row["id"] for row in shown) == sorted(placed_ids)
    assert Counter(row["status"] for row in shown) == {"OPEN": USERS, "CLOSED": USERS}
    placed_by = Counter(row["changed_by"] for row in shown)
    assert set(placed_by.values()) == {2}
    assert len(placed_by) == USERS
    # Made one after the other by the database, whichever of them came first.
    assert len({row["trade_id"] for row in shown}) == 2 * USERS


def test_two_closes_at_once_are_one_200_and_one_409(served: Served, api: Api) -> None:
    for _ in range(5):
        path = f"/trades/{placed(api)['id']}/close"
        with served.person() as other, ThreadPoolExecutor(2) as pool:
            closing = [pool.submit(client.post, path, json={"exit_price": 200}) for client in (api, other)]
        answers = [each.result() for each in closing]
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        [settled] = [answer.json() for answer in answers if answer.status_code == 200]
        assert api.get(path.removesuffix("/close")).json() == settled
        versions = api.get(path.replace("/close", "/history")).json()["versions"]
        assert [version["change"] for version in versions] == ["OPENED", "CLOSED"]


def test_the_same_key_sent_many_times_at_once_is_done_once(served: Served) -> None:
    ticker, key = f"K{uuid4().hex[:12]}".upper(), {"Idempotency-Key": uuid4().hex}
    with served.person() as client, ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: client.post("/trades", json=trade(ticker=ticker), headers=key), range(8))
        )
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.text for answer in answers}) == 1
        assert client.get("/trades", params={"ticker": ticker}).json()["total"] == 1
