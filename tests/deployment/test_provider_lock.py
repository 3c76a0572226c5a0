"""Which provider Terraform runs, with the AWS keys in its environment: the release, and nothing else."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from config.terraform import PROVIDER_LOCK, PROVIDER_VERSION
from deployment.programs import (
    find_terraform,
    quiet_variables,
    terraform_variables,
)
from deployment.provider_search import find_provider_mirror
from tests.deployment.programs import PLATFORM, add_provider
from tests.template import Template


def test_every_synthesized_stack_has_the_lock(templates: Mapping[str, Template], outdir: Path) -> None:
    for name, template in templates.items():
        lock = (outdir / "stacks" / name / ".terraform.lock.hcl").read_text(encoding="utf-8")
        assert lock == PROVIDER_LOCK.read_text(encoding="utf-8")
        (asked,) = template.document["terraform"]["required_providers"].values()
        assert f'version     = "{asked["version"]}"' in lock


def test_the_lock_has_the_archives_of_all_platforms_of_the_one_version() -> None:
    lock = PROVIDER_LOCK.read_text(encoding="utf-8")
    assert re.findall(r'provider "(.+)"', lock) == ["registry.terraform.io/hashicorp/aws"]
    assert re.findall(r'version +=\s+"(.+)"', lock) == [PROVIDER_VERSION]
    # 14 archives and the manifest (SHA256SUMS of the release); of one unpacked, what it holds.
    assert len(set(re.findall(r'"zh:[0-9a-f]{64}"', lock))) == 15
    assert len(re.findall(r'"h1:[0-9A-Za-z+/]{43}="', lock)) == 1


def test_init_only_reads_the_lock_and_keeps_a_persons_own_arguments() -> None:
    assert quiet_variables({})["TF_CLI_ARGS_init"] == "-lockfile=readonly"
    own = quiet_variables({"TF_CLI_ARGS_init": "-no-color"})
    assert own["TF_CLI_ARGS_init"] == "-no-color -lockfile=readonly"
    # Told again, by a program that this one started.
    assert quiet_variables(own)["TF_CLI_ARGS_init"] == "-no-color -lockfile=readonly"


def _init(folder: Path, outdir: Path, mirror: Path) -> subprocess.CompletedProcess[str]:
    folder.mkdir()
    # Its backend would want an account.
    asked = {"aws": {"source": "hashicorp/aws", "version": PROVIDER_VERSION}}
    configuration = json.dumps({"terraform": {"required_providers": asked}})
    (folder / "main.tf.json").write_text(configuration, encoding="utf-8")
    shutil.copy(outdir / "stacks/parakeet-prod/.terraform.lock.hcl", folder)
    return subprocess.run(
        ["terraform", "init", "-input=false", "-no-color"],
        cwd=folder,
        env=terraform_variables(mirror, folder, os.environ),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.terraform
def test_a_provider_that_is_not_the_release_is_not_run(tmp_path: Path, outdir: Path) -> None:
    """It has the right name, place and version, and would get the keys of whoever deploys."""
    terraform = find_terraform(os.environ)
    if terraform.platform != PLATFORM:
        pytest.skip("the lock knows what is in the unpacked release for linux_amd64 only")
    foreign = add_provider(tmp_path / "mirror")
    (program,) = foreign.rglob("terraform-provider-aws_*")
    program.write_text("#!/bin/sh\n")
    refused = _init(tmp_path / "refused", outdir, foreign)
    assert refused.returncode == 1
    assert "match any of the checksums previously recorded" in " ".join(refused.stderr.split())
    real = find_provider_mirror(terraform.platform, os.environ)
    if real is None:
        pytest.skip("Terraform gets its provider from the registry here")
    taken = _init(tmp_path / "taken", outdir, real)
    assert taken.returncode == 0, taken.stderr
    assert (tmp_path / "taken/.terraform.lock.hcl").read_bytes() == PROVIDER_LOCK.read_bytes()
