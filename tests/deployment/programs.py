"""A Terraform that is a script, a provider that is an empty file, and a person's machine to have them."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from config.terraform import PROVIDER_VERSION
from deployment import provider_search

PROJECT = Path(__file__).parents[2]
PLATFORM = "linux_amd64"
ANSWERS_1_11 = f'echo \'{{"terraform_version": "1.11.4", "platform": "{PLATFORM}"}}\''
Program = Callable[[str], dict[str, str]]


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


@pytest.fixture
def variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a person with an empty home on a machine without add-on software."""
    monkeypatch.setattr(provider_search, "_ADD_ON_FOLDERS", (tmp_path / "opt",))
    home = tmp_path / "home"
    home.mkdir()
    return {"HOME": str(home), "XDG_DATA_DIRS": str(tmp_path / "share"), "PATH": str(tmp_path / "bin")}


@pytest.fixture(params=[".terraformrc", ".terraform.d/own.tfrc", "named.tfrc"])
def own_configuration(
    request: pytest.FixtureRequest, tmp_path: Path, variables: dict[str, str]
) -> dict[str, str]:
    """That person's environment, with a CLI configuration of Terraform in each of its places in turn."""
    own = tmp_path / "home" / request.param
    own.parent.mkdir(exist_ok=True)
    own.write_text("")
    return variables | ({"TF_CLI_CONFIG_FILE": str(own)} if request.param == "named.tfrc" else {})


@pytest.fixture
def installed_terraform(tmp_path: Path, variables: dict[str, str]) -> Program:
    """Puts a shell script named terraform on PATH, and returns the environment with that PATH."""

    def install(script: str) -> dict[str, str]:
        program = tmp_path / "bin" / "terraform"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return variables | {"PATH": f"{program.parent}:/usr/bin:/bin"}

    return install
