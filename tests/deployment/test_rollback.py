"""Releases: rolled back by one command, and pruned of what nobody goes back to."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import pytest

from config.environments import DEV
from config.names import LIVE, RELEASE_KEY, resource_name
from deployment import migrate as migrate_program
from deployment import prune as prune_program
from deployment import releases as releases_module
from deployment import rollback as rollback_program
from deployment.prune import prune
from deployment.releases import ReleaseError, Releases
from deployment.rollback import listed, roll_back
from local.embedded_aws import EmbeddedAws
from tests.template import changed

pytestmark = pytest.mark.integration

PARTS = ("data-api", "trades-api")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Any]]:
    """boto3's, for an embedded AWS."""
    with EmbeddedAws(tmp_path_factory.mktemp("aws") / "log") as aws:
        yield aws.client


class Account:
    """An environment with two functions, deployed as Terraform does it, without the code."""

    def __init__(self, client: Callable[..., Any], environment: str) -> None:
        self.environment = environment
        self.releases = Releases(environment, client)
        self._lambda, self._s3 = client("lambda"), client("s3")
        self._bucket = resource_name("lambda-artifacts", environment)
        self._s3.create_bucket(Bucket=self._bucket)
        self._s3.put_bucket_versioning(Bucket=self._bucket, VersioningConfiguration={"Status": "Enabled"})
        role = client("iam").create_role(RoleName=f"role-{environment}", AssumeRolePolicyDocument="{}")
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("app.py", "")
        for part in PARTS:
            self._lambda.create_function(
                FunctionName=self.name(part),
                Runtime="python3.13",
                Role=role["Role"]["Arn"],
                Handler="app.handler",
                Code={"ZipFile": code.getvalue()},
                Environment={"Variables": {"ENVIRONMENT": environment}},
                Publish=True,
            )
            self._lambda.create_alias(FunctionName=self.name(part), Name=LIVE, FunctionVersion="1")
        self.record()

    def name(self, part: str) -> str:
        return resource_name(part, self.environment)

    def publish(self, part: str) -> int:
        """A new version that is not live."""
        self._lambda.update_function_configuration(FunctionName=self.name(part), Description="changed")
        return int(self._lambda.publish_version(FunctionName=self.name(part))["Version"])

    def deploy(self, *parts: str) -> None:
        """Change these functions, and all of a release."""
        for part in parts:
            self.releases.switch(part, self.publish(part))
        self.record()

    def record(self) -> None:
        self._s3.put_object(Bucket=self._bucket, Key=RELEASE_KEY, Body=json.dumps(self.releases.live()))

    def live(self) -> Mapping[str, int]:
        return self.releases.live()


@pytest.fixture
def account(client: Callable[..., Any], request: pytest.FixtureRequest) -> Account:
    return Account(client, request.node.name.replace("_", "")[-18:])


def test_the_functions_of_the_last_release_go_back_and_the_others_stay(account: Account) -> None:
    account.deploy("trades-api")
    account.deploy("data-api")
    assert account.live() == {"data-api": 2, "trades-api": 2}
    said = list(roll_back(account.releases))
    assert said[0] == "data-api: 2 -> 1"
    assert "the schema stays as it is" in said[-1]
    assert account.live() == {"data-api": 1, "trades-api": 2}
    list(roll_back(account.releases))
    assert account.live() == {"data-api": 1, "trades-api": 1}
    with pytest.raises(ReleaseError, match="has no release before the one that is live"):
        list(roll_back(account.releases))


def test_a_deployment_or_a_rollback_that_was_cut_short_is_taken_back_whole(account: Account) -> None:
    account.deploy(*PARTS)
    account.releases.switch("trades-api", account.publish("trades-api"))
    list(roll_back(account.releases))
    assert account.live() == {"data-api": 2, "trades-api": 2}
    # Half a rollback goes on, and never forward.
    account.releases.switch("data-api", 1)
    list(roll_back(account.releases))
    assert account.live() == {"data-api": 1, "trades-api": 1}


def test_a_release_that_is_named_is_gone_to_in_either_direction(account: Account) -> None:
    account.deploy("data-api")
    [*_, line] = listed(account.releases)
    history = account.releases.history()
    assert line == f"{history[-1].name}  data-api=1 trades-api=1"
    list(roll_back(account.releases))
    [line, *_] = listed(account.releases)
    assert line.startswith(f"{history[0].name}  data-api=2")
    list(roll_back(account.releases, history[0].name))
    with pytest.raises(ReleaseError, match="TO = 'yesterday': allowed: 2"):
        list(roll_back(account.releases, "yesterday"))


def test_a_release_of_which_a_version_is_gone_changes_nothing(account: Account) -> None:
    account.deploy(*PARTS)
    account.releases.remove("trades-api", 1)
    with pytest.raises(ReleaseError, match="is not there any more: trades-api 1"):
        list(roll_back(account.releases))
    assert account.live() == {"data-api": 2, "trades-api": 2}


def test_pruning_keeps_the_last_releases_what_is_live_and_the_newest_and_says_what_it_removes(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releases_module, "KEPT", 2)
    for _ in range(4):
        account.deploy("data-api")
    account.publish("data-api")
    account.releases.switch("data-api", 2)
    assert list(prune(account.releases)) == [
        "data-api: version 1 removed",
        "data-api: version 3 removed",
    ]
    assert account.releases.published("data-api") == [2, 4, 5, 6]
    assert account.releases.published("trades-api") == [1]
    assert list(prune(account.releases)) == []
    assert account.live() == {"data-api": 2, "trades-api": 1}


def test_aws_itself_refuses_to_lose_what_is_live(account: Account) -> None:
    with pytest.raises(ReleaseError, match="ResourceConflictException"):
        account.releases.remove("data-api", 1)


def test_another_environments_functions_are_left_alone(account: Account, client: Callable[..., Any]) -> None:
    other = Account(client, f"x-{account.environment}")
    assert account.releases.parts() == list(PARTS)
    assert other.releases.live() == {"data-api": 1, "trades-api": 1}


@pytest.mark.parametrize(
    "program",
    [prune_program.main, rollback_program.main, migrate_program.main],
    ids=["prune", "rollback", "migrate"],
)
def test_an_environment_is_rolled_back_pruned_and_migrated_where_it_is_deployed(
    program: Callable[[], int | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = changed(DEV, region="eu-central-1", leave_behind_region="us-east-1")
    monkeypatch.setattr("config.environments.ENVIRONMENTS", (elsewhere,))
    monkeypatch.setattr("sys.argv", ["program"])
    asked: list[dict[str, str]] = []

    def ask(_: str, **where: str) -> None:
        asked.append(where)
        raise ReleaseError("asked")

    monkeypatch.setattr("boto3.client", ask)
    with suppress(SystemExit):
        program()
    assert [list(where.values()) for where in asked] == [["eu-central-1"]]


def test_what_cannot_be_asked_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "MADEUP")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "MADEUP")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr("sys.argv", ["prune"])
    assert prune_program.main() == 1
    said = capsys.readouterr().err
    assert said.startswith("dev: Could not connect to the endpoint URL")
    assert said.count("\n") == 1
