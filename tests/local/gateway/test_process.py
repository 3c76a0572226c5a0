"""The gateway's process: how it starts, what keeps it from starting, and how it ends."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from local.gateway.errors import GatewayError
from local.gateway.process import Gateway
from tests.local.gateway import deployment
from tests.local.gateway.deployment import ISSUER, NAME, Deployed
from tests.local.gateway.served_aws import ServedAws
from tests.local.gateway.team import Team

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def aws() -> Iterator[ServedAws]:
    aws = ServedAws()
    aws.reset()
    yield aws
    aws.stop()


@pytest.fixture
def team() -> Iterator[Team]:
    team = Team()
    yield team
    team.stop()


@pytest.fixture
def deployed(aws: ServedAws) -> Deployed:
    deployed = deployment.bare(aws, "api")
    deployed.route("GET /echo")
    return deployed


def test_it_serves_on_the_given_port_and_leaves_nothing(
    aws: ServedAws, deployed: Deployed, log: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Gateway(deployed.name, aws.variables, log, port=port) as gateway:
        assert gateway.url == f"http://127.0.0.1:{port}"
        assert httpx.get(f"{gateway.url}/echo").status_code == 200
    assert not [child for child in psutil.Process().children() if "local.gateway" in child.cmdline()]
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{gateway.url}/echo")


def test_a_port_that_is_taken_is_a_line(aws: ServedAws, deployed: Deployed, log: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            GatewayError, match=rf"Port {port} of 127\.0\.0\.1 is not free .*: choose another$"
        ):
            Gateway(deployed.name, aws.variables, log, port=port).__enter__()
    assert log.read_text().count("\n") == 1


def test_what_is_not_emulated_ends_the_start_with_its_resource_and_name(
    aws: ServedAws, deployed: Deployed, log: Path
) -> None:
    deployed.route("GET /iam", AuthorizationType="AWS_IAM")
    with pytest.raises(GatewayError, match="route GET /iam: AuthorizationType = 'AWS_IAM' is not emulated"):
        Gateway(deployed.name, aws.variables, log).__enter__()
    assert log.read_text().count("\n") == 1


def test_an_issuer_that_does_not_answer_ends_the_start(aws: ServedAws, log: Path, team: Team) -> None:
    deployment.platform(aws)
    team.documents.clear()
    with pytest.raises(GatewayError, match=rf"issuer {ISSUER}: .*--issuer-address"):
        Gateway(NAME, aws.variables, log, issuer_addresses={ISSUER: team.address}).__enter__()


def test_a_log_group_that_is_not_there_ends_the_start(aws: ServedAws, log: Path, team: Team) -> None:
    deployment.platform(aws)
    aws.client("logs").delete_log_group(logGroupName=deployment.LOG_GROUP)
    with pytest.raises(GatewayError, match=f"log group {deployment.LOG_GROUP}"):
        Gateway(NAME, aws.variables, log, issuer_addresses={ISSUER: team.address}).__enter__()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"PARAKEET_SERVICE_TOKEN": ""}, "PARAKEET_SERVICE_TOKEN is not set"),
        ({"AWS_ENDPOINT_URL": "https://apigateway.us-east-1.amazonaws.com"}, "has to be the embedded AWS"),
        (
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
            "http://127.0.0.1:9/_parakeet/apis/revision does not answer",
        ),
    ],
)
def test_settings_that_are_missing_or_lead_elsewhere_end_the_start(
    aws: ServedAws, deployed: Deployed, log: Path, changes: dict[str, str], said: str
) -> None:
    with pytest.raises(GatewayError, match=said):
        Gateway(deployed.name, aws.variables | changes, log).__enter__()


def test_an_aws_that_does_not_say_when_its_apis_change_ends_the_start(
    aws: ServedAws, deployed: Deployed, log: Path, team: Team
) -> None:
    with pytest.raises(GatewayError, match="it is no embedded AWS that says when its APIs change"):
        Gateway(deployed.name, aws.variables | {"AWS_ENDPOINT_URL": team.address}, log).__enter__()


def test_nothing_is_served_once_the_embedded_aws_is_gone(
    aws: ServedAws, deployed: Deployed, log: Path
) -> None:
    with Gateway(deployed.name, aws.variables, log) as gateway:
        assert httpx.get(f"{gateway.url}/echo").status_code == 200
        aws.stop()
        answer = httpx.get(f"{gateway.url}/echo")
        assert (answer.status_code, answer.json()) == (503, {"message": "Service Unavailable"})


def test_it_ends_with_whoever_started_it_however_they_end(
    aws: ServedAws, deployed: Deployed, log: Path
) -> None:
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom local.gateway.process import Gateway\n"
        "with Gateway(sys.argv[1], dict(os.environ), Path(sys.argv[2])) as gateway:\n"
        "    print(gateway.url, flush=True)\n    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, deployed.name, str(log)],
        cwd=PROJECT,
        env={**os.environ, **aws.variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as starter:
        assert starter.stdout is not None
        url = starter.stdout.readline().strip()
        (gateway,) = psutil.Process(starter.pid).children()
        assert httpx.get(f"{url}/echo").status_code == 200
        starter.send_signal(signal.SIGKILL)
    gateway.wait(10)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_without_a_word(
    aws: ServedAws, deployed: Deployed, log: Path, number: signal.Signals
) -> None:
    with Gateway(deployed.name, aws.variables, log):
        (gateway,) = (child for child in psutil.Process().children() if "local.gateway" in child.cmdline())
        gateway.send_signal(number)
        gateway.wait(10)
    assert log.read_text() == ""


def test_routes_are_printed_and_nothing_is_served_with_the_source_tree_gone(
    aws: ServedAws, deployed: Deployed, tmp_path: Path
) -> None:
    for folder in ("local", "config", "deployment", "packages"):
        shutil.copytree(PROJECT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    answer = subprocess.run(
        [sys.executable, "-m", "local.gateway", "--api", deployed.name, "--routes"],
        cwd=tmp_path,
        env=aws.variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.splitlines()[1].split()[:2] == ["GET", "/echo"]
