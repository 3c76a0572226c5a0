"""The gateway's process: how it starts, what keeps it from starting, and how it ends."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from local.gateway.__main__ import main
from local.gateway.process import Gateway
from tests.local.gateway import deployment
from tests.local.gateway.deployment import ISSUER, NAME, Deployed
from tests.local.gateway.served_aws import ServedAws
from tests.local.gateway.team import Team

pytestmark = pytest.mark.integration

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
        assert gateway.endpoint == f"http://127.0.0.1:{port}"
        assert httpx.get(f"{gateway.endpoint}/echo").status_code == 200
        process = psutil.Process(gateway.pid)
    assert not process.is_running()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{gateway.endpoint}/echo")


Refused = Callable[..., str]


@pytest.fixture
def refused(aws: ServedAws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Start a gateway that does not start; the line that it says."""

    def starting(api: str, *arguments: str, **variables: str) -> str:
        for name, value in (aws.variables | variables).items():
            monkeypatch.setenv(name, value)
        assert main(["--api", api, *arguments]) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.count("\n") == 1
        return said.err

    return starting


def test_a_port_that_is_taken_is_a_line(deployed: Deployed, refused: Refused) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(deployed.name, "--port", str(port))
    assert said.startswith(f"Port {port} of 127.0.0.1 is not free (")
    assert said.endswith("): choose another\n")


def test_what_is_not_emulated_ends_the_start_with_its_resource_and_name(
    deployed: Deployed, refused: Refused
) -> None:
    deployed.route("GET /iam", AuthorizationType="AWS_IAM")
    said = refused(deployed.name)
    assert said.startswith("route GET /iam: AuthorizationType = 'AWS_IAM' is not emulated here")
    assert refused(deployed.name, "--routes") == said


def test_an_issuer_that_does_not_answer_ends_the_start(aws: ServedAws, refused: Refused, team: Team) -> None:
    deployment.platform(aws)
    team.documents.clear()
    said = refused(NAME, "--issuer-address", f"{ISSUER}={team.address}")
    assert said.startswith(f"issuer {ISSUER}: ")
    assert "--issuer-address" in said


def test_a_log_group_that_is_not_there_ends_the_start(aws: ServedAws, refused: Refused, team: Team) -> None:
    deployment.platform(aws)
    aws.client("logs").delete_log_group(logGroupName=deployment.LOG_GROUP)
    said = refused(NAME, "--issuer-address", f"{ISSUER}={team.address}")
    assert f"log group {deployment.LOG_GROUP}" in said


@pytest.mark.parametrize(
    ("variables", "arguments", "said"),
    [
        ({"PARAKEET_SERVICE_TOKEN": ""}, (), "PARAKEET_SERVICE_TOKEN is not set"),
        (
            {"AWS_ENDPOINT_URL": "https://apigateway.us-east-1.amazonaws.com"},
            (),
            "has to be the embedded AWS, as http://127.0.0.1:<port>",
        ),
        ({"AWS_ENDPOINT_URL": ""}, (), "has to be the embedded AWS"),
        (
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
            (),
            "http://127.0.0.1:9/_parakeet/apis/revision does not answer",
        ),
        (
            {},
            ("--issuer-address", "https://a.example=https://b.example"),
            "has to be <issuer>=http://127.0.0.1",
        ),
    ],
)
def test_settings_that_are_missing_or_lead_elsewhere_end_the_start(
    deployed: Deployed, refused: Refused, variables: dict[str, str], arguments: tuple[str, ...], said: str
) -> None:
    assert said in refused(deployed.name, *arguments, **variables)


def test_an_aws_that_does_not_say_when_its_apis_change_ends_the_start(
    deployed: Deployed, refused: Refused, team: Team
) -> None:
    assert "it is no embedded AWS that says when its APIs change" in refused(
        deployed.name, AWS_ENDPOINT_URL=team.address
    )


def test_nothing_is_served_once_the_embedded_aws_is_gone(
    aws: ServedAws, deployed: Deployed, log: Path
) -> None:
    with Gateway(deployed.name, aws.variables, log) as gateway:
        assert httpx.get(f"{gateway.endpoint}/echo").status_code == 200
        aws.stop()
        answer = httpx.get(f"{gateway.endpoint}/echo")
        assert (answer.status_code, answer.json()) == (503, {"message": "Service Unavailable"})


def test_it_ends_with_whoever_started_it_however_they_end(
    aws: ServedAws, deployed: Deployed, log: Path
) -> None:
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom local.gateway.process import Gateway\n"
        "with Gateway(sys.argv[1], dict(os.environ), Path(sys.argv[2])) as gateway:\n"
        "    print(gateway.endpoint, flush=True)\n    sys.stdin.read()\n"
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
    gateway.wait(60)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_without_a_word(
    aws: ServedAws, deployed: Deployed, log: Path, number: signal.Signals
) -> None:
    with Gateway(deployed.name, aws.variables, log) as gateway:
        process = psutil.Process(gateway.pid)
        process.send_signal(number)
        process.wait(60)
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
