"""What is done before a plan, and what is not done twice."""

import json
import os
import shutil
from pathlib import Path

import pytest

from deployment.guards import RefusedDeploymentError
from deployment.plan import initialize, prepared
from deployment.programs import quiet_variables
from deployment.synthesis import SynthesisError

pytestmark = [pytest.mark.terraform, pytest.mark.usefixtures("mirror")]


class Stack:
    """A stack's code without resources, and a Terraform that writes down what it is asked."""

    def __init__(self, folder: Path) -> None:
        self.code = folder / "stack"
        self.code.mkdir()
        (self.code / ".terraform.lock.hcl").touch()
        self._program, self._asked = folder / "terraform", folder / "asked"
        terraform = shutil.which("terraform")
        self._program.write_text(f'#!/bin/sh\necho "$1" >> {self._asked}\nexec {terraform} "$@"\n')
        self._program.chmod(0o755)

    def initialized(self, version: str = ">= 1.11") -> int:
        """How often Terraform was asked to, by now, once the stack asks for such a Terraform."""
        document = {"terraform": {"required_version": version, "backend": {"local": {"path": "state"}}}}
        (self.code / "cdk.tf.json").write_text(json.dumps(document), encoding="utf-8")
        initialize(str(self._program), self.code, quiet_variables(os.environ))
        return self._asked.read_text(encoding="utf-8").split().count("init")


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    return Stack(tmp_path)


def test_what_is_initialized_is_initialized_once(stack: Stack) -> None:
    assert [stack.initialized() for _ in range(3)] == [1, 1, 1]


def test_another_configuration_of_terraform_is_initialized_anew(stack: Stack) -> None:
    stack.initialized(version=">= 1.11")
    assert stack.initialized(version=">= 1.10") == 2


def test_what_somebody_else_has_initialized_meanwhile_is_initialized_anew(stack: Stack) -> None:
    stack.initialized()
    (stack.code / ".terraform/terraform.tfstate").unlink()
    assert stack.initialized() == 2


def test_with_other_options_and_in_another_folder_it_is_initialized_anew(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.initialized()
    monkeypatch.setenv("TF_CLI_ARGS_init", "-no-color")
    assert stack.initialized() == 2
    monkeypatch.setenv("TF_DATA_DIR", str(stack.code / "elsewhere"))
    assert [stack.initialized() for _ in range(2)] == [3, 3]


def test_a_provider_that_is_gone_is_installed_anew(stack: Stack) -> None:
    mirror = stack.code.parent / "mirror"
    mirror.mkdir()
    (mirror / "terraform-provider-some_v1").touch()
    link = stack.code / ".terraform/providers/registry/owner/some/1/linux_amd64"
    link.parent.mkdir(parents=True)
    link.symlink_to(mirror)
    assert [stack.initialized() for _ in range(2)] == [1, 1]
    mirror.rename(mirror.with_name("elsewhere"))
    assert stack.initialized() == 2


@pytest.mark.parametrize("doing", ["plan", "apply"])
def test_what_is_refused_does_not_get_as_far_as_terraform(
    doing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARAKEET_STATE", "local")
    with pytest.raises(RefusedDeploymentError, match="PARAKEET_STATE = 'local'"):
        prepared("parakeet-prod", tmp_path, to=doing)
    assert not list(tmp_path.glob("cdktf.out/stacks/*/.terraform"))


def test_a_stack_that_there_is_not_is_told_which_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARAKEET_STATE", "local")
    # As it may be left there by another revision.
    (tmp_path / "cdktf.out/stacks/parakeet-moon").mkdir(parents=True)
    with pytest.raises(SynthesisError, match=r"stack = 'parakeet-moon': allowed: .*parakeet-dev, "):
        prepared("parakeet-moon", tmp_path)
