"""checkov, the real one, on a plan; and what it might say one day."""

import json
from pathlib import Path
from typing import Any

import pytest

from policy import checkov
from policy.documents import Plan
from policy.tool import ToolError
from tests.policy.plans import plan, written

TABLE = {"name": "x", "hash_key": "LockID", "billing_mode": "PAY_PER_REQUEST"}
REPORT: dict[str, Any] = {
    "check_type": "terraform_plan",
    "results": {"passed_checks": [], "failed_checks": [], "skipped_checks": [], "parsing_errors": []},
    "summary": {"resource_count": 1},
}


@pytest.mark.integration
def test_a_table_that_cannot_be_restored_is_found_and_one_that_can_is_not(tmp_path: Path) -> None:
    recovery = {"point_in_time_recovery": [{"enabled": True}]}
    contents = {
        "parakeet-dev": plan({"aws_dynamodb_table.x": TABLE}),
        "parakeet-prod": plan({"aws_dynamodb_table.x": {**TABLE, **recovery}}),
    }
    files: dict[str, Path] = {}
    for stack, content in contents.items():
        files |= written(tmp_path, stack, content)
    found, passed = checkov.findings(files, {stack: Plan(stack, one) for stack, one in contents.items()})
    assert [(one.stack, one.resource) for one in found if one.check == "CKV_AWS_28"] == [
        ("parakeet-dev", "aws_dynamodb_table.x")
    ]
    assert passed


@pytest.mark.parametrize(
    "said",
    [
        "",
        "no JSON",
        "[]",
        json.dumps({"passed": 0, "failed": 0}),
        json.dumps({**REPORT, "check_type": "cloudformation"}),
        json.dumps({**REPORT, "results": {**REPORT["results"], "unknown_checks": []}}),
        json.dumps({**REPORT, "results": {"failed_checks": []}}),
    ],
)
def test_an_answer_that_is_not_understood_is_said_and_not_passed_over(said: str) -> None:
    with pytest.raises(ToolError, match="what is not understood"):
        checkov.report(said, 1)


@pytest.mark.parametrize("kept_back", ["parsing_errors", "skipped_checks"])
def test_what_it_could_not_read_or_left_out_is_said(kept_back: str) -> None:
    results = {**REPORT["results"], kept_back: ["/parakeet-prod.json"]}
    with pytest.raises(ToolError, match="parakeet-prod"):
        checkov.report(json.dumps({**REPORT, "results": results}), 1)


def test_resources_that_it_did_not_see_are_said() -> None:
    said = json.dumps({**REPORT, "summary": {"resource_count": 3}})
    assert checkov.report(said, 3) == REPORT["results"]
    with pytest.raises(ToolError, match="3 of 4 resources"):
        checkov.report(said, 4)


def test_a_finding_of_what_is_not_planned_is_said() -> None:
    failed = {"file_path": "/parakeet-dev.json", "check_id": "C", "check_name": "c", "resource": "aws_x.y"}
    with pytest.raises(ToolError, match=r"aws_x\.y"):
        checkov.finding(failed, {"parakeet-dev": Plan("parakeet-dev", plan({}))})
