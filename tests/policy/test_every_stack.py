"""What is planned of every stack: what is found is acknowledged, and what is acknowledged is found."""

from functools import partial
from pathlib import Path

import pytest

from config.environments import ENVIRONMENTS
from config.names import bootstrap_name, secrets_stack_name, stack_name
from local.made_up import made_up_secrets
from policy import __main__ as program
from policy import plans
from tests.terraform.direct_workspace import DirectWorkspace
from tests.terraform.traces import files_below, traces

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("policy"), pytest.mark.usefixtures("mirror")]


@pytest.fixture(scope="module")
def secrets() -> dict[str, str]:
    return made_up_secrets()


@pytest.fixture(scope="module")
def folder(secrets: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that `make policy` writes while it plans."""
    folder: Path = tmp_path_factory.mktemp("policy")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plans, "made_up_secrets", lambda: secrets)
        patch.setattr(plans, "Workspace", partial(DirectWorkspace, secrets={}))
        plans.planned_stacks(folder)
    return folder


@pytest.fixture(scope="module")
def planned(folder: Path) -> dict[str, Path]:
    """The plans by stack."""
    return {file.stem: file for file in folder.glob("cdktf.out/stacks/*/parakeet-*.json")}


@pytest.fixture(scope="module")
def checked(planned: dict[str, Path]) -> program.Checked:
    """What all checks find in them."""
    return program.check(planned)


@pytest.fixture
def _checked_already(
    planned: dict[str, Path], checked: program.Checked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "planned_stacks", lambda _: planned)
    monkeypatch.setattr(program, "check", lambda files: {id(planned): checked}[id(files)])


@pytest.mark.usefixtures("_checked_already")
def test_nothing_is_found_that_is_not_acknowledged_and_nothing_acknowledged_that_is_not_found(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = program.main([])
    said = capsys.readouterr().out
    assert code == 0, said
    assert said.endswith(" 0 to do\n")


@pytest.mark.usefixtures("_checked_already")
def test_what_is_acknowledged_would_fail_if_it_were_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program, "read", list)
    assert program.main([]) == 1
    said = capsys.readouterr().out
    assert "parakeet-prod: CKV_AWS_26: aws_sns_topic.alarms: " in said
    deploy = "aws_iam_role_policy.deployment_deploy-prod_deploy"
    assert f"parakeet-bootstrap: cloudsplaining/PrivilegeEscalation: {deploy} (iam:passrole): " in said
    assert "document/Unknown" not in said
    # Which grants nothing: of what it may at most, no permission is asked about.
    assert "aws_iam_policy.function_boundary" not in said


def test_every_stack_is_planned(planned: dict[str, Path]) -> None:
    names = [each.name for each in ENVIRONMENTS]
    # The plan names no account.
    assert planned.keys() == {bootstrap_name(None), *map(stack_name, names), *map(secrets_stack_name, names)}


def test_no_secret_is_in_what_is_written_meanwhile(
    folder: Path,
    planned: dict[str, Path],  # noqa: ARG001 - is written first
    secrets: dict[str, str],
) -> None:
    assert traces(set(secrets.values()), files_below(folder)) == []
