"""The platform on one machine, as far as it needs no Terraform: what is found, kept out, and left behind."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import psutil
import pytest

from config.environments import DEV, PROD
from config.settings import Environment
from deployment import programs
from deployment.command import still_running
from deployment.programs import (
    PROVIDER_VERSION,
    PrerequisiteError,
    find_provider_mirror,
    find_terraform,
    quiet_variables,
    terraform_variables,
)
from deployment.workspace import Workspace
from local.demo import DemoError, Narration, deploy_and_destroy
from local.embedded_aws import EmbeddedAws, EmbeddedAwsError
from local.made_up import made_up_secrets

PROJECT = Path(__file__).parents[2]
PLATFORM = "linux_amd64"
ANSWERS_1_11 = f'echo \'{{"terraform_version": "1.11.4", "platform": "{PLATFORM}"}}\''
Program = Callable[[str], dict[str, str]]


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a person with an empty home on a machine without add-on software."""
    monkeypatch.setattr(programs, "_ADD_ON_FOLDERS", (tmp_path / "opt",))
    home = tmp_path / "home"
    home.mkdir()
    return {"HOME": str(home), "XDG_DATA_DIRS": str(tmp_path / "share"), "PATH": str(tmp_path / "bin")}


@pytest.fixture
def installed_terraform(tmp_path: Path, environ: dict[str, str]) -> Program:
    """Puts a shell script named terraform on PATH, and returns the environment with that PATH."""

    def install(script: str) -> dict[str, str]:
        program = tmp_path / "bin" / "terraform"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return environ | {"PATH": f"{program.parent}:/usr/bin:/bin"}

    return install


def add_provider(mirror: Path, *, packed: bool = False) -> Path:
    provider = mirror / "registry.terraform.io/hashicorp/aws"
    if packed:
        provider.mkdir(parents=True)
        (provider / f"terraform-provider-aws_{PROVIDER_VERSION}_{PLATFORM}.zip").touch()
    else:
        folder = provider / PROVIDER_VERSION / PLATFORM
        folder.mkdir(parents=True)
        (folder / f"terraform-provider-aws_v{PROVIDER_VERSION}_x5").touch()
    return mirror


# Terraform, the program


def test_a_missing_terraform_is_one_line_that_says_what_is_needed(environ: dict[str, str]) -> None:
    with pytest.raises(
        PrerequisiteError, match=r"^Terraform 1\.11 or newer is needed, .*no terraform on PATH.*$"
    ):
        find_terraform(environ)


def test_a_too_old_terraform_is_one_line_that_says_what_was_found(installed_terraform: Program) -> None:
    old = installed_terraform('echo \'{"terraform_version": "1.9.8", "platform": "linux_amd64"}\'')
    with pytest.raises(
        PrerequisiteError, match=r"^Terraform 1\.11 or newer is needed, .*/terraform is 1\.9\.8:.*$"
    ):
        find_terraform(old)


def test_a_terraform_that_cannot_run_is_one_line_with_its_reason(installed_terraform: Program) -> None:
    broken = installed_terraform("echo 'cannot execute binary file' >&2; echo more >&2; exit 126")
    with pytest.raises(
        PrerequisiteError, match=r"^Terraform 1\.11 or newer is .*cannot execute binary file$"
    ):
        find_terraform(broken)


@pytest.mark.parametrize("version", ["1.11.0", "1.11.4", "1.12.0-beta1", "2.0.0"])
def test_a_terraform_of_1_11_or_newer_is_taken(installed_terraform: Program, version: str) -> None:
    found = find_terraform(
        installed_terraform(f'echo \'{{"terraform_version": "{version}", "platform": "{PLATFORM}"}}\'')
    )
    assert (found.version, found.platform) == (version, PLATFORM)


def test_a_terraform_that_cannot_be_run_is_one_line_that_says_so(installed_terraform: Program) -> None:
    environ = installed_terraform("")
    program = Path(environ["PATH"].partition(":")[0], "terraform")
    program.write_bytes(b"\x7fELF for another machine")
    with pytest.raises(PrerequisiteError, match=r"terraform cannot be run \(Exec format error\): install it"):
        find_terraform(environ)


@pytest.mark.parametrize("asked", ["deploy", "destroy", "diff", "output"])
def test_cdktf_says_that_terraform_is_missing_before_it_does_anything(
    environ: dict[str, str], asked: str
) -> None:
    command = [sys.executable, "-m", "deployment.cdktf", asked, "parakeet-dev"]
    answer = subprocess.run(command, env=environ, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert answer.stderr.count("\n") == 1
    assert "Terraform 1.11 or newer is needed" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--version"], "0.21.0\n"), (["deploy", "--help"], "cdktf.js deploy [stacks...]\n")],
    ids=["version", "help"],
)
def test_cdktf_asks_for_no_terraform_where_it_needs_none(
    environ: dict[str, str], arguments: list[str], said: str
) -> None:
    command = [sys.executable, "-m", "deployment.cdktf", *arguments]
    answer = subprocess.run(command, env=environ, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0
    assert answer.stdout.startswith(said)


# Its provider


def test_without_a_mirror_terraform_goes_to_the_registry(environ: dict[str, str], tmp_path: Path) -> None:
    assert find_provider_mirror(PLATFORM, environ) is None
    assert "TF_CLI_CONFIG_FILE" not in terraform_variables(None, tmp_path, environ)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "place",
    [
        "home/.terraform.d/plugins",
        "home/.local/share/terraform/plugins",
        "home/.terraform.d/plugin-cache",
        "share/terraform/plugins",
        "opt",
        "opt/mirror",
        "opt/terraform/providers",
    ],
)
def test_a_mirror_is_found_in_the_usual_places(
    environ: dict[str, str], tmp_path: Path, place: str, packed: bool
) -> None:
    mirror = add_provider(tmp_path / place, packed=packed)
    assert find_provider_mirror(PLATFORM, environ) == mirror


def test_the_named_mirror_comes_first_then_terraforms_own_then_add_ons(
    environ: dict[str, str], tmp_path: Path
) -> None:
    add_on = add_provider(tmp_path / "opt/mirror")
    assert find_provider_mirror(PLATFORM, environ) == add_on
    own = add_provider(tmp_path / "home/.terraform.d/plugins")
    assert find_provider_mirror(PLATFORM, environ) == own
    named = add_provider(tmp_path / "elsewhere")
    assert find_provider_mirror(PLATFORM, environ | {"PARAKEET_PROVIDER_MIRROR": str(named)}) == named


def test_a_mirror_for_another_platform_is_not_taken(environ: dict[str, str], tmp_path: Path) -> None:
    add_provider(tmp_path / "opt/mirror")
    assert find_provider_mirror("darwin_arm64", environ) is None


def test_a_named_mirror_without_the_provider_is_an_error(environ: dict[str, str], tmp_path: Path) -> None:
    add_provider(tmp_path / "opt/mirror")
    wrong = environ | {"PARAKEET_PROVIDER_MIRROR": str(tmp_path / "nowhere")}
    with pytest.raises(PrerequisiteError, match=f"PARAKEET_PROVIDER_MIRROR is .*nowhere.*{PROVIDER_VERSION}"):
        find_provider_mirror(PLATFORM, wrong)


@pytest.mark.parametrize("name", [".terraformrc", ".terraform.d/own.tfrc", "named.tfrc"])
def test_a_persons_own_cli_configuration_is_left_alone(
    environ: dict[str, str], tmp_path: Path, name: str
) -> None:
    add_provider(tmp_path / "opt/mirror")
    own = tmp_path / "home" / name
    own.parent.mkdir(exist_ok=True)
    own.write_text("")
    if name == "named.tfrc":
        environ["TF_CLI_CONFIG_FILE"] = str(own)
    assert find_provider_mirror(PLATFORM, environ) is None
    assert terraform_variables(None, tmp_path, environ).get("TF_CLI_CONFIG_FILE") == environ.get(
        "TF_CLI_CONFIG_FILE"
    )


def test_a_cli_configuration_that_is_not_there_is_not_named_to_terraform(
    environ: dict[str, str], tmp_path: Path
) -> None:
    missing = environ | {"TF_CLI_CONFIG_FILE": str(tmp_path / "missing")}
    assert "TF_CLI_CONFIG_FILE" not in quiet_variables(missing)
    mirror = add_provider(tmp_path / "opt/mirror")
    assert find_provider_mirror(PLATFORM, missing) == mirror
    configuration = Path(terraform_variables(mirror, tmp_path, missing)["TF_CLI_CONFIG_FILE"])
    assert configuration.parent == tmp_path
    assert str(mirror) in configuration.read_text()


def test_the_mirror_is_looked_for_by_the_version_that_the_bindings_ask_for() -> None:
    # Read as text: importing the provider's parent package costs seconds, and this module needs none of it.
    provider = next(
        Path(folder, "cdktf_cdktf_provider_aws/provider/__init__.py")
        for folder in sys.path
        if Path(folder, "cdktf_cdktf_provider_aws").is_dir()
    )
    assert f"providers/hashicorp/aws/{PROVIDER_VERSION}/docs" in provider.read_text(encoding="utf-8")


# Its AWS


def test_the_embedded_aws_starts_empty_answers_and_is_gone_at_the_end(tmp_path: Path) -> None:
    with EmbeddedAws(tmp_path / "aws.log") as aws:
        process = psutil.Process(aws.pid)
        environ = aws.variables({})
        s3 = boto3.client(
            "s3",
            endpoint_url=environ["AWS_ENDPOINT_URL"],
            region_name=environ["AWS_REGION"],
            aws_access_key_id=environ["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environ["AWS_SECRET_ACCESS_KEY"],
        )
        assert s3.list_buckets()["Buckets"] == []
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
            assert headers.startswith(b"HTTP/1.1 200 ")
            assert end
            assert body.endswith(b"</ListAllMyBucketsResult>")


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
    aws.endpoint = "http://127.0.0.1:1"
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
    monkeypatch.setattr("local.embedded_aws._PROJECT", tmp_path)
    with pytest.raises(EmbeddedAwsError, match=r"^The embedded AWS ended at once: .*No module named"):
        EmbeddedAws(tmp_path / "aws.log").__enter__()


def test_secrets_are_made_up_anew_each_time() -> None:
    assert made_up_secrets().keys() == made_up_secrets().keys()
    assert not set(made_up_secrets().values()) & set(made_up_secrets().values())


# Its commands


def test_a_process_that_ended_does_not_run_even_if_nobody_has_asked_how() -> None:
    """In containers whose first process asks nobody, those who wait for such a one would wait for ever."""
    with subprocess.Popen(["true"]) as ended:
        assert still_running([psutil.Process(ended.pid)], 10) == []
        assert ended.returncode is None


def test_a_process_that_runs_is_told_after_the_time(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"], cwd=tmp_path) as running:
        process = psutil.Process(running.pid)
        assert still_running([process], 0.1) == [process]
        running.kill()


# The demo


@pytest.fixture
def demo_environ(installed_terraform: Program, tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """The environment of a demo whose Terraform does `script` instead, with a temporary folder of its own."""

    def prepare(script: str) -> dict[str, str]:
        environ = installed_terraform(f"case $1 in *version | -v) {ANSWERS_1_11} ;; *) {script} ;; esac")
        temporary = tmp_path / "tmp"
        temporary.mkdir()
        return environ | {"TMPDIR": str(temporary)}

    return prepare


def test_a_demo_that_fails_says_why_and_leaves_nothing(
    demo_environ: Callable[[str], dict[str, str]], tmp_path: Path
) -> None:
    environ = demo_environ("echo 'Error: no provider today'; exit 1")
    answer = subprocess.run(
        [sys.executable, "-m", "local.demo"],
        cwd=PROJECT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert "cdktf deploy parakeet-bootstrap --auto-approve failed" in answer.stdout
    assert "Error: no provider today" in answer.stdout
    assert "Traceback" not in answer.stdout + answer.stderr
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_demo_that_is_interrupted_stops_what_it_started_and_leaves_nothing(
    demo_environ: Callable[[str], dict[str, str]], tmp_path: Path, number: signal.Signals
) -> None:
    environ = demo_environ("case $1 in apply) exec sleep 60 ;; esac")
    command = [sys.executable, "-m", "local.demo"]
    with subprocess.Popen(command, cwd=PROJECT, env=environ, stdout=subprocess.PIPE, text=True) as demo:
        started = processes_of(demo.pid, until="sleep")
        demo.send_signal(number)
        # Whoever presses Ctrl-C once more is in a hurry, but leaves nothing behind all the same.
        demo.send_signal(number)
        said, _ = demo.communicate(timeout=60)
    assert demo.returncode == 128 + number
    assert f"interrupted by {number.name}" in said
    assert still_running(started, 5) == []
    assert list((tmp_path / "tmp").iterdir()) == []


def processes_of(pid: int, *, until: str) -> list[psutil.Process]:
    """Those that the process has started, as soon as one of that name is among them."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        started: list[psutil.Process] = psutil.Process(pid).children(recursive=True)
        with suppress(psutil.NoSuchProcess):
            if until in {process.name() for process in started}:
                return started
        time.sleep(0.1)
    raise AssertionError(f"{until} was not started")


class Platform(Workspace):
    """A workspace where deploying, planning and destroying end as they are told to end."""

    def __init__(self, *, changed: bool = False, kept: str = "") -> None:
        self._changed = changed
        self._kept = kept

    def deploy(self, stack: str) -> str:
        return f"{stack} deployed"

    def destroy(self, stack: str) -> str:
        return f"{stack} destroyed"

    def outputs(self, stack: str) -> dict[str, Any]:
        return {"stack": stack}

    def has_changes(self, stack: str) -> bool:  # noqa: ARG002 - the signature is the workspace's
        return self._changed

    def terraform(self, stack: str, *arguments: str) -> str:
        return self._kept if "state" in arguments else f"{stack}: 1 to change"


@pytest.mark.parametrize(
    ("platform", "environment", "told"),
    [
        (
            Platform(changed=True),
            DEV,
            "a second plan of parakeet-dev finds changes: parakeet-dev: 1 to change",
        ),
        (Platform(kept="aws_s3_bucket.cache\n"), DEV, "its state still lists aws_s3_bucket.cache"),
        (Platform(), PROD, "parakeet-prod was destroyed, although its data is to be kept"),
    ],
    ids=["changes", "left over", "not refused"],
)
def test_a_demo_fails_where_the_platform_is_not_as_it_should_be(
    platform: Platform, environment: Environment, told: str
) -> None:
    with pytest.raises(DemoError, match=re.escape(told)):
        deploy_and_destroy(platform, environment, Narration())


def test_a_demo_with_wrong_configuration_is_one_line(project: Path) -> None:
    prod = project / "config" / "prod.py"
    prod.write_text(prod.read_text().replace("log_retention_days=90", "log_retention_days=91"))
    answer = subprocess.run(
        [sys.executable, "-m", "local.demo"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith("prod: log_retention_days = 91: allowed: ")
    assert answer.stderr.count("\n") == 1


def test_which_environment_is_shown_is_said_to_make_and_not_by_a_variable_of_the_shell() -> None:
    # These tests may be run by make, which tells those that it starts.
    shell = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    shell["ENVIRONMENT"] = "production"
    make = ["make", "--dry-run", "--always-make", "demo"]
    for arguments, shown in ((make, "dev"), ([*make, "ENVIRONMENT=prod"], "prod")):
        answer = subprocess.run(
            arguments, cwd=PROJECT, env=shell, capture_output=True, text=True, check=True, timeout=60
        )
        assert answer.stdout.splitlines()[-1].endswith(f"--environment {shown}")
