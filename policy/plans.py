"""The real plan of every stack, made by the real Terraform against an embedded AWS that is empty."""

import json
import os
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3

from config.errors import OneLineError
from config.names import REGION
from deployment.programs import find_provider_mirror, find_terraform, terraform_variables
from deployment.synthesis import synthesize
from local.embedded_aws import EmbeddedAws
from local.made_up import made_up_secrets
from policy.arns import documents_with_arns

_SECONDS = 300
# More than that only wait for each other, on two processors.
_AT_ONCE = 3


class PlanError(OneLineError):
    """A stack cannot be planned; the text says why."""


def planned_stacks(folder: Path) -> dict[str, Path]:
    """Every stack of the project by name, with the file that has its plan as `terraform show -json` says it.

    Planned as for AWS, but with its state in a folder, and in its policy documents the ARNs that AWS would
    choose: the documents are then known before anything is deployed. Raises OneLineError.
    """
    terraform = find_terraform(os.environ)
    mirror = find_provider_mirror(terraform.platform, os.environ)
    code = folder / "cdktf.out"
    synthesize(code)
    stacks = sorted(json.loads((code / "manifest.json").read_text(encoding="utf-8"))["stacks"])
    documents = {name: _synthesized(code, name) for name in stacks}
    with EmbeddedAws(folder / "aws.log") as aws, ThreadPoolExecutor(_AT_ONCE) as several:
        given = aws.variables(os.environ) | made_up_secrets()
        _make_what_others_look_up(documents, given)
        variables = terraform_variables(mirror, folder, given)
        plans = [
            several.submit(
                _planned, str(terraform.program), code / "stacks" / name, documents[name], variables
            )
            for name in stacks
        ]
        return {name: plan.result() for name, plan in zip(stacks, plans, strict=True)}


def _synthesized(code: Path, stack: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((code / "stacks" / stack / "cdk.tf.json").read_text(encoding="utf-8"))
    return found


def _planned(program: str, stack: Path, document: Mapping[str, Any], variables: Mapping[str, str]) -> Path:
    override = {
        "terraform": {"backend": {"local": {}}},
        "data": {"aws_iam_policy_document": documents_with_arns(document)},
    }
    # Terraform lays a file of this name over the others.
    (stack / "policy_override.tf.json").write_text(json.dumps(override), encoding="utf-8")
    _terraform(program, stack, variables, "init", "-input=false")
    _terraform(program, stack, variables, "plan", "-input=false", "-lock=false", "-out=plan")
    plan = stack / f"{stack.name}.json"
    plan.write_text(_terraform(program, stack, variables, "show", "-json", "plan"), encoding="utf-8")
    return plan


def _terraform(program: str, stack: Path, variables: Mapping[str, str], *arguments: str) -> str:
    try:
        done = subprocess.run(
            [program, arguments[0], "-no-color", *arguments[1:]],
            cwd=stack,
            env=variables,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PlanError(f"{stack.name}: terraform {arguments[0]} did not end within {_SECONDS} s") from None
    if done.returncode:
        lines = [line.strip("│╷╵ ") for line in done.stderr.splitlines()]
        first = next((line for line in lines if "Error" in line), "it does not say why")
        raise PlanError(f"{stack.name}: terraform {arguments[0]} failed: {first}")
    return done.stdout


def _make_what_others_look_up(
    documents: Mapping[str, Mapping[str, Any]], variables: Mapping[str, str]
) -> None:
    """The secrets that one stack makes and another looks up by name: a plan asks AWS for them."""
    made = {
        block["name"]
        for document in documents.values()
        for block in document.get("resource", {}).get("aws_secretsmanager_secret", {}).values()
    }
    asked = {
        block["name"]
        for document in documents.values()
        for block in document.get("data", {}).get("aws_secretsmanager_secret", {}).values()
    }
    client = boto3.client(
        "secretsmanager",
        region_name=REGION,
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
    )
    for name in made & asked:
        client.create_secret(Name=name)
