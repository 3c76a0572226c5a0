"""The steps that a demo and a served platform share, told as they happen."""

import os
from contextlib import ExitStack
from pathlib import Path

from config.names import bootstrap_name
from config.terraform import PROVIDER_VERSION
from deployment.programs import find_terraform
from deployment.provider_search import find_provider_mirror
from local.narration import Narration
from local.platform import LocalPlatform


def provider_mirror(narration: Narration) -> Path | None:
    """Where Terraform's provider comes from, after Terraform itself was found. Raises PrerequisiteError."""
    terraform = find_terraform(os.environ)
    mirror = find_provider_mirror(terraform.platform, os.environ)
    source = f"from {mirror}" if mirror else "from where Terraform is set to get it"
    narration.say(f"Terraform {terraform.version}, provider hashicorp/aws {PROVIDER_VERSION} {source}")
    return mirror


def deploy(platform: LocalPlatform, narration: Narration) -> None:
    """Bootstrap, the secrets and the platform, by the real cdktf and Terraform. Raises CommandError."""
    bootstrap = bootstrap_name(None)
    with ExitStack() as meanwhile:
        with narration.step(f"cdktf deploy {bootstrap}: bucket and table for the other stacks' states"):
            meanwhile.enter_context(platform.state_backend())
        narration.say("  of which the provider goes on to wait for S3's lifecycle rules, while")
        with narration.step(f"cdktf deploy {platform.secrets_stack}: the secrets, made up; state in S3"):
            platform.deploy_secrets()
        with narration.step(
            f"cdktf deploy {platform.stack}: needs no secret's value; the AWS provider waits a lot"
        ):
            platform.deploy(synthesized=True)
