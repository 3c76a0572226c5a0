"""Terraform's plans without an account: the program, its provider, and a folder for each plan."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from shutil import copyfile
from typing import Any

from config.errors import OneLineError
from config.terraform import PROVIDER_LOCK, PROVIDER_VERSION
from deployment.programs import find_terraform, impersonal_variables, terraform_variables
from deployment.provider_search import find_provider_mirror
from review.made_up_state import Schema
from review.shapes import Block

CACHE = Path(sys.prefix, "review")
_SECONDS = 120
_PROVIDER = {
    "region": "us-east-1",
    "access_key": "none-is-needed",
    "secret_key": "none-is-needed",  # pragma: allowlist secret - nobody is called
    "skip_credentials_validation": True,
    "skip_requesting_account_id": True,
    "skip_metadata_api_check": True,
}


class PlanError(OneLineError):
    """There is no such plan; the text says why."""


class Planner:
    """Terraform with its provider, ready to plan; `make review` prepares it while it synthesizes."""

    def __init__(self) -> None:
        """Raises PrerequisiteError without Terraform, PlanError if the provider cannot be had."""
        terraform = find_terraform(os.environ)
        # Nobody is called: keys and secrets are none of the provider's business.
        variables = impersonal_variables(os.environ)
        mirror = find_provider_mirror(terraform.platform, variables)
        CACHE.mkdir(parents=True, exist_ok=True)
        self._program = str(terraform.program)
        self._folder = CACHE / f"aws-{PROVIDER_VERSION}"
        self._variables = terraform_variables(mirror, CACHE, variables) | {
            "TF_DATA_DIR": str(self._folder / ".terraform")
        }
        self._folder.mkdir(exist_ok=True)
        self.schema = self._prepared()

    def _prepared(self) -> Schema:
        kept = self._folder / "schema.json"
        if not kept.is_file() or not (self._folder / ".terraform.lock.hcl").is_file():
            _write(self._folder / "main.tf.json", _configuration({}, {}))
            copyfile(PROVIDER_LOCK, self._folder / ".terraform.lock.hcl")
            self._run(self._folder, "init", "-input=false")
            printed = json.loads(self._run(self._folder, "providers", "schema", "-json"))
            (provider,) = printed["provider_schemas"].values()
            partial = kept.with_suffix(f".{os.getpid()}")
            # Of 20 MB, what a state is made with.
            _write(partial, {kind: _reduced(about) for kind, about in provider["resource_schemas"].items()})
            partial.replace(kept)
        return Schema(json.loads(kept.read_text(encoding="utf-8")))

    def plan(self, resources: Block, variables: Iterable[str], state: Block) -> str:
        """What Terraform says about these resources. Raises PlanError."""
        with tempfile.TemporaryDirectory(prefix="parakeet-review-") as name:
            folder = Path(name)
            _write(folder / "main.tf.json", _configuration(resources, dict.fromkeys(variables)))
            _write(folder / "terraform.tfstate", state)
            lock = self._folder / ".terraform.lock.hcl"
            (folder / lock.name).write_bytes(lock.read_bytes())
            return self._run(folder, "plan", "-refresh=false", "-input=false", "-lock=false", "-no-color")

    def _run(self, folder: Path, *arguments: str) -> str:
        return asked([self._program, *arguments], folder, self._variables, seconds=_SECONDS)


def asked(
    command: Sequence[str], folder: Path, variables: Mapping[str, str], *, seconds: float | None = None
) -> str:
    """What Terraform prints there. Raises PlanError with the first line of what is wrong."""
    doing = command[1]
    try:
        done = subprocess.run(
            command, cwd=folder, env=variables, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise PlanError(f"terraform {doing} did not end within {seconds} s") from None
    if done.returncode:
        lines = [line.strip("│╷╵ ") for line in done.stderr.splitlines()]
        first = next((line for line in lines if "Error" in line), "it does not say why")
        raise PlanError(f"terraform {doing} failed: {first}")
    return done.stdout


def _configuration(resources: Block, variables: Mapping[str, None]) -> Block:
    configuration: Block = {
        "terraform": {
            "required_providers": {"aws": {"source": "hashicorp/aws", "version": PROVIDER_VERSION}}
        },
        "provider": {"aws": [_PROVIDER]},
    }
    if resources:
        configuration["resource"] = resources
    if variables:
        configuration["variable"] = {name: {"default": "none"} for name in variables}
    return configuration


def _reduced(about: Mapping[str, Any]) -> Block:
    def block(given: Mapping[str, Any]) -> Block:
        return {
            "block_types": {
                name: {"nesting_mode": nested["nesting_mode"], "block": block(nested["block"])}
                for name, nested in given.get("block_types", {}).items()
            }
        }

    return {"version": about["version"], "block": block(about["block"])}


def _write(file: Path, content: Any) -> None:
    file.write_text(json.dumps(content), encoding="utf-8")
