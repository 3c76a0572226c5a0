"""Plans as `terraform show -json` says them, of a few resources."""

import json
from pathlib import Path
from typing import Any

BUCKET_POLICY = "aws_s3_bucket_policy.notes"


def plan(
    resources: dict[str, dict[str, Any]], unknown: dict[str, dict[str, str]] | None = None
) -> dict[str, Any]:
    """Of resources by address; arguments in `unknown` are given, as what they refer to, but known later."""
    arguments: dict[str, dict[str, Any]] = {
        address: {name: {} for name in values}
        | {
            name: {"references": [to, to.rpartition(".")[0]]}
            for name, to in (unknown or {}).get(address, {}).items()
        }
        for address, values in resources.items()
    }
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {
            "root_module": {
                "resources": [
                    {**_place(address), "schema_version": 0, "values": values}
                    for address, values in resources.items()
                ]
            }
        },
        "resource_changes": [
            {**_place(address), "change": {"actions": ["create"], "before": None, "after": values}}
            for address, values in resources.items()
        ],
        "configuration": {
            "root_module": {
                "resources": [
                    {**_place(address), "expressions": given} for address, given in arguments.items()
                ]
            }
        },
    }


def written(folder: Path, stack: str, content: dict[str, Any]) -> dict[str, Path]:
    """The plan in a file, by its stack."""
    file = folder / f"{stack}.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    return {stack: file}


def statement(**parts: Any) -> dict[str, Any]:
    """One that allows, in a policy."""
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **parts}]}


def _place(address: str) -> dict[str, str]:
    kind, _, name = address.partition(".")
    return {
        "address": address,
        "mode": "managed",
        "type": kind,
        "name": name,
        "provider_name": "registry.terraform.io/hashicorp/aws",
    }
