"""An embedded AWS, a team, and gateways in front of what a test deploys.

A folder's conftest.py, or a module that is elsewhere, imports the fixtures.
"""

from collections.abc import Callable, Iterator

import httpx
import pytest

from local.gateway.process import Gateway
from tests.local.gateway.deployment import ISSUER
from tests.local.gateway.served_aws import ServedAws
from tests.local.gateway.team import Team

Serve = Callable[[str], httpx.Client]


@pytest.fixture(scope="module")
def aws() -> Iterator[ServedAws]:
    served = ServedAws()
    served.reset()
    yield served
    served.stop()


@pytest.fixture(scope="module")
def team() -> Iterator[Team]:
    team = Team()
    yield team
    team.stop()


@pytest.fixture(scope="module")
def serve(aws: ServedAws, team: Team, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Start a gateway for the API of that name, and talk to it."""
    started: list[tuple[Gateway, httpx.Client]] = []

    def serving(name: str) -> httpx.Client:
        log = tmp_path_factory.mktemp("gateway") / "gateway.log"
        gateway = Gateway(name, aws.variables, log, issuer_addresses={ISSUER: team.address})
        gateway.__enter__()
        client = httpx.Client(base_url=gateway.endpoint, timeout=20, headers={"user-agent": "tests"})
        started.append((gateway, client))
        return client

    yield serving
    for gateway, client in started:
        client.close()
        gateway.stop()
