"""An AWS of one's own: empty, whole answers, out of reach of a person's own settings."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from deployment.command import still_running
from deployment.programs import impersonal_variables
from local.child import ChildError
from local.embedded_aws import EmbeddedAws
from local.made_up import made_up_secrets

pytestmark = pytest.mark.integration

PROJECT = Path(__file__).parents[2]


def test_the_embedded_aws_starts_empty_answers_and_is_gone_at_the_end(tmp_path: Path) -> None:
    with EmbeddedAws(tmp_path / "aws.log") as aws:
        process = psutil.Process(aws.pid)
        assert aws.client("s3").list_buckets()["Buckets"] == []
    assert still_running([process], 0) == []


def first_packet(aws: EmbeddedAws, request: str) -> bytes:
    """What the embedded AWS says first to `request`, on a connection of its own."""
    address = urlsplit(aws.endpoint)
    assert address.hostname is not None
    assert address.port is not None
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(request.replace("\n", "\r\n").encode())
        return connection.recv(65536)


def test_the_embedded_aws_sends_an_answer_whole(tmp_path: Path) -> None:
    with EmbeddedAws(tmp_path / "aws.log") as aws:
        # Sent in two parts, one in several happens to arrive in one all the same.
        for _ in range(20):
            headers, end, body = first_packet(aws, "GET / HTTP/1.1\nHost: aws\n\n").partition(b"\r\n\r\n")
            # Nobody in particular asks.
            assert headers.startswith(b"HTTP/1.1 403 ")
            assert end
            assert body.strip().endswith(b"</Error>")


def test_the_embedded_aws_tells_a_client_that_waits_for_it_to_go_on(tmp_path: Path) -> None:
    request = "PUT /bucket HTTP/1.1\nHost: aws\nContent-Length: 1\nExpect: 100-continue\n\n"
    with EmbeddedAws(tmp_path / "aws.log") as aws:
        assert first_packet(aws, request).startswith(b"HTTP/1.1 100 ")


def test_the_embedded_aws_ends_with_the_process_that_started_it_even_if_that_is_killed(
    tmp_path: Path,
) -> None:
    script = (
        "import pathlib, sys, time\n"
        "from local.embedded_aws import EmbeddedAws\n"
        "with EmbeddedAws(pathlib.Path(sys.argv[1])) as aws:\n"
        "    print(aws.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "aws.log")]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        aws = psutil.Process(int(owner.stdout.readline()))
        owner.kill()
    assert still_running([aws], 10) == []


def test_nothing_of_a_persons_own_aws_reaches_the_embedded_one(tmp_path: Path) -> None:
    own = {
        "AWS_PROFILE": "own-profile",
        "AWS_ACCESS_KEY_ID": "own-key",
        "AWS_SECRET_ACCESS_KEY": "own-secret-key",
        "AWS_SESSION_TOKEN": "own-token",
        "AWS_CONFIG_FILE": "own-config",
        "AWS_SHARED_CREDENTIALS_FILE": "own-credentials",
        "AWS_ENDPOINT_URL": "own-endpoint",
        "AWS_ENDPOINT_URL_S3": "own-s3-endpoint",
        "AWS_REGION": "own-region",
        "AWS_ROLE_ARN": "own-role",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "own-web-token",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "own-container",
        "TF_VAR_db_password": "own-password",
        "TF_CLI_ARGS_plan": "own-arguments",
        "TF_WORKSPACE": "own-workspace",
        "TF_LOG": "own-log",
        "PARAKEET_STATE": "own-state",
        "MOTO_ACCOUNT_ID": "own-account",
    }
    aws = EmbeddedAws(tmp_path / "aws.log")
    aws.said = "1"
    environ = aws.variables(own | {"HOME": "/home/somebody"})
    assert not [name for name, value in environ.items() if value.startswith("own-")]
    assert environ["AWS_CONFIG_FILE"] == environ["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert environ["AWS_EC2_METADATA_DISABLED"] == "true"
    assert environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert environ["HOME"] == "/home/somebody"


def test_nothing_of_a_persons_own_moto_reaches_the_embedded_aws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "999999999999")
    with EmbeddedAws(tmp_path / "aws.log") as aws:
        assert "MOTO_ACCOUNT_ID" not in psutil.Process(aws.pid).environ()


@pytest.mark.parametrize(
    ("own", "bypass"),
    [
        ({}, "127.0.0.1"),
        ({"NO_PROXY": ".corp"}, ".corp,127.0.0.1"),
        ({"no_proxy": ".corp"}, ".corp,127.0.0.1"),
    ],
    ids=["none", "upper case", "lower case"],
)
def test_no_proxy_stands_between_terraform_and_the_embedded_aws(
    tmp_path: Path, own: dict[str, str], bypass: str
) -> None:
    environ = EmbeddedAws(tmp_path / "aws.log").variables(own | {"HTTP_PROXY": "http://proxy:3128"})
    assert environ["NO_PROXY"] == environ["no_proxy"] == bypass


def test_an_embedded_aws_that_does_not_start_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.child._PROJECT", tmp_path)
    with pytest.raises(ChildError, match=r"^The embedded AWS ended: .*No module named"):
        EmbeddedAws(tmp_path / "aws.log").__enter__()


@pytest.mark.parametrize("secret", [{}, {"PARAKEET_DEPLOYERS_SECRET": ""}], ids=["none", "empty"])
def test_an_embedded_aws_that_could_not_tell_deployers_from_others_does_not_start(
    secret: dict[str, str],
) -> None:
    command = [sys.executable, "-m", "local.aws.server"]
    ended = subprocess.run(
        command,
        cwd=PROJECT,
        env=impersonal_variables(os.environ) | secret,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr == "PARAKEET_DEPLOYERS_SECRET is needed: deployers sign with keys made of it\n"


def test_secrets_are_made_up_anew_each_time() -> None:
    assert made_up_secrets().keys() == made_up_secrets().keys()
    assert not set(made_up_secrets().values()) & set(made_up_secrets().values())
