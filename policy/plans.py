"""The real plan of every stack, made by the real Terraform against an embedded AWS that is empty."""

import json
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from deployment.programs import find_terraform
from deployment.provider_search import find_provider_mirror
from deployment.synthesis import synthesize
from deployment.workspace import Workspace
from local.embedded_aws import EmbeddedAws
from local.made_up import made_up_secrets
from policy.arns import documents_with_arns

# More than that only wait for each other, on two processors.
_AT_ONCE = 3


def planned_stacks(folder: Path) -> dict[str, Path]:
    """Every stack of the project by name, with the file that has its plan as `terraform show -json` says it.

    Planned as for AWS, every environment with a repository, but with its state in a folder, and in its policy
    documents the ARNs that AWS would choose: the documents are then known before anything is deployed.
    Raises OneLineError.
    """
    mirror = find_provider_mirror(find_terraform(os.environ).platform, os.environ)
    code = folder / "cdktf.out"
    synthesize(code, program=("-m", "policy.automated"))
    stacks = sorted(json.loads((code / "manifest.json").read_text(encoding="utf-8"))["stacks"])
    documents = {name: _synthesized(code, name) for name in stacks}
    with EmbeddedAws(folder / "aws.log") as aws:
        variables = aws.variables(os.environ) | made_up_secrets()
        _make_what_others_look_up(documents, aws)
        with Workspace(folder, mirror, variables) as workspace, ThreadPoolExecutor(_AT_ONCE) as several:
            for name in stacks:
                _override(workspace.stack_folder(name), documents[name])
            # Of all stacks: their provider and their backend are the same. Each locks the provider itself.
            workspace.variables["TF_DATA_DIR"] = str(folder / ".terraform")
            workspace.terraform(stacks[0], "init", "-input=false", "-no-color")
            return dict(zip(stacks, several.map(partial(_planned, workspace), stacks), strict=True))


def _synthesized(code: Path, stack: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((code / "stacks" / stack / "cdk.tf.json").read_text(encoding="utf-8"))
    return found


def _override(stack: Path, document: Mapping[str, Any]) -> None:
    override: dict[str, Any] = {"terraform": {"backend": {"local": {}}}}
    # Terraform takes no empty one.
    if documents := documents_with_arns(document):
        override["data"] = {"aws_iam_policy_document": documents}
    # Terraform lays a file of this name over the others.
    (stack / "policy_override.tf.json").write_text(json.dumps(override), encoding="utf-8")


def _planned(workspace: Workspace, stack: str) -> Path:
    workspace.terraform(stack, "plan", "-input=false", "-no-color", "-lock=false", "-out=plan")
    file = workspace.stack_folder(stack) / f"{stack}.json"
    file.write_text(workspace.terraform(stack, "show", "-json", "plan"), encoding="utf-8")
    return file


def _make_what_others_look_up(documents: Mapping[str, Mapping[str, Any]], aws: EmbeddedAws) -> None:
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
    client = aws.client("secretsmanager")
    for name in made & asked:
        client.create_secret(Name=name)
