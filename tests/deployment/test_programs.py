"""Terraform is found, and so is its provider; what is missing is said in a line."""

import subprocess
import sys
from pathlib import Path

import pytest

from config.terraform import PROVIDER_VERSION
from deployment.programs import (
    PrerequisiteError,
    find_terraform,
    named_provider_mirror,
    quiet_variables,
    terraform_variables,
)
from tests.deployment.programs import PLATFORM, PROJECT, Program, add_provider


def test_a_missing_terraform_is_one_line_that_says_what_is_needed(variables: dict[str, str]) -> None:
    with pytest.raises(
        PrerequisiteError, match=r"^Terraform 1\.11 or newer is needed, .*no terraform on PATH.*$"
    ):
        find_terraform(variables)


@pytest.mark.integration
def test_a_too_old_terraform_is_one_line_that_says_what_was_found(installed_terraform: Program) -> None:
    old = installed_terraform('echo \'{"terraform_version": "1.9.8", "platform": "linux_amd64"}\'')
    with pytest.raises(
        PrerequisiteError, match=r"^Terraform 1\.11 or newer is needed, .*/terraform is 1\.9\.8:.*$"
    ):
        find_terraform(old)


@pytest.mark.integration
def test_a_terraform_that_cannot_run_is_one_line_with_its_reason(installed_terraform: Program) -> None:
    broken = installed_terraform("echo 'cannot execute binary file' >&2; echo more >&2; exit 126")
    with pytest.raises(
        PrerequisiteError, match=r"^Terraform 1\.11 or newer is .*cannot execute binary file$"
    ):
        find_terraform(broken)


@pytest.mark.integration
@pytest.mark.parametrize("version", ["1.11.0", "1.11.4", "1.12.0-beta1", "2.0.0"])
def test_a_terraform_of_1_11_or_newer_is_taken(installed_terraform: Program, version: str) -> None:
    found = find_terraform(
        installed_terraform(f'echo \'{{"terraform_version": "{version}", "platform": "{PLATFORM}"}}\'')
    )
    assert (found.version, found.platform) == (version, PLATFORM)


@pytest.mark.integration
def test_a_terraform_that_cannot_be_run_is_one_line_that_says_so(installed_terraform: Program) -> None:
    variables = installed_terraform("")
    program = Path(variables["PATH"].partition(":")[0], "terraform")
    program.write_bytes(b"\x7fELF for another machine")
    with pytest.raises(PrerequisiteError, match=r"terraform cannot be run \(Exec format error\): install it"):
        find_terraform(variables)


@pytest.mark.integration
@pytest.mark.parametrize("asked", ["deploy", "destroy", "diff", "output"])
def test_cdktf_says_that_terraform_is_missing_before_it_does_anything(
    variables: dict[str, str], asked: str
) -> None:
    command = [sys.executable, "-m", "deployment.cdktf", asked, "parakeet-dev"]
    answer = subprocess.run(command, env=variables, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert answer.stderr.count("\n") == 1
    assert "Terraform 1.11 or newer is needed" in answer.stderr


@pytest.mark.integration
@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--version"], "0.21.0\n"), (["deploy", "--help"], "cdktf.js deploy [stacks...]\n")],
    ids=["version", "help"],
)
def test_cdktf_asks_for_no_terraform_where_it_needs_none(
    variables: dict[str, str], arguments: list[str], said: str
) -> None:
    command = [sys.executable, "-m", "deployment.cdktf", *arguments]
    answer = subprocess.run(command, env=variables, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0
    assert answer.stdout.startswith(said)


def test_without_a_named_mirror_terraform_goes_where_it_is_set_to_go(
    variables: dict[str, str], tmp_path: Path
) -> None:
    """Whatever lies about on the machine: what deploys has the keys of an AWS account."""
    for place in ("home/.terraform.d/plugin-cache", "opt/mirror"):
        add_provider(tmp_path / place)
    assert named_provider_mirror(PLATFORM, variables) is None
    assert "TF_CLI_CONFIG_FILE" not in terraform_variables(None, tmp_path, variables)


def test_a_named_mirror_is_where_the_provider_comes_from(variables: dict[str, str], tmp_path: Path) -> None:
    named = add_provider(tmp_path / "elsewhere")
    assert named_provider_mirror(PLATFORM, variables | {"PARAKEET_PROVIDER_MIRROR": str(named)}) == named
    configuration = Path(terraform_variables(named, tmp_path, variables)["TF_CLI_CONFIG_FILE"])
    assert configuration.parent == tmp_path
    assert str(named) in configuration.read_text()


def test_a_named_mirror_without_the_provider_is_an_error(variables: dict[str, str], tmp_path: Path) -> None:
    add_provider(tmp_path / "opt/mirror")
    wrong = variables | {"PARAKEET_PROVIDER_MIRROR": str(tmp_path / "nowhere")}
    with pytest.raises(PrerequisiteError, match=f"PARAKEET_PROVIDER_MIRROR is .*nowhere.*{PROVIDER_VERSION}"):
        named_provider_mirror(PLATFORM, wrong)


def test_a_persons_own_cli_configuration_is_left_alone(
    own_configuration: dict[str, str], tmp_path: Path
) -> None:
    name = "TF_CLI_CONFIG_FILE"
    assert terraform_variables(None, tmp_path, own_configuration).get(name) == own_configuration.get(name)


def test_a_cli_configuration_that_is_not_there_is_not_named_to_terraform(
    variables: dict[str, str], tmp_path: Path
) -> None:
    missing = variables | {"TF_CLI_CONFIG_FILE": str(tmp_path / "missing")}
    assert "TF_CLI_CONFIG_FILE" not in quiet_variables(missing)


def test_terraform_logs_what_it_does_itself_and_never_what_its_provider_does() -> None:
    """The provider logs its requests, and a request that writes a secret has its value."""
    secret = {"TF_LOG_PROVIDER": "TRACE", "TF_LOG_SDK_PROTO_DATA_DIR": "requests"}
    told = quiet_variables({"TF_LOG": "TRACE", **secret})
    assert {name: value for name, value in told.items() if name.startswith("TF_LOG")} == {
        "TF_LOG_CORE": "TRACE"
    }
    # A level of its own is kept.
    assert quiet_variables({"TF_LOG": "TRACE", "TF_LOG_CORE": "WARN"})["TF_LOG_CORE"] == "WARN"


def test_the_mirror_is_looked_for_by_the_version_that_the_bindings_ask_for() -> None:
    # Read as text: importing the provider's parent package costs seconds, and this module needs none of it.
    provider = next(
        Path(folder, "cdktf_cdktf_provider_aws/provider/__init__.py")
        for folder in sys.path
        if Path(folder, "cdktf_cdktf_provider_aws").is_dir()
    )
    assert f"providers/hashicorp/aws/{PROVIDER_VERSION}/docs" in provider.read_text(encoding="utf-8")


def test_terraform_collects_garbage_seldom_unless_somebody_says_otherwise(
    variables: dict[str, str], tmp_path: Path
) -> None:
    assert terraform_variables(None, tmp_path, variables)["GOGC"] == "400"
    assert terraform_variables(None, tmp_path, variables | {"GOGC": "100"})["GOGC"] == "100"
