"""The plan that needs no account says what the plan of a real deployment says."""

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from review.__main__ import review
from review.finding import Part, ordered
from review.planner import Planner
from review.real_plan import drift_in, real_plan, replaced_in
from review.stack import Stack
from tests.review.documents import assess, texts
from tests.terraform.account import Account
from tests.terraform.deployments import OpenWorkspace
from tests.terraform.direct_workspace import DirectWorkspace

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("review")]
STACK = "parakeet-bootstrap"


@pytest.fixture(scope="module")
def deployed(
    open_account: Callable[[], Account], open_workspace: OpenWorkspace
) -> tuple[Account, DirectWorkspace]:
    account = open_account()
    workspace = open_workspace(account, "review")
    workspace.synth()
    workspace.deploy(STACK, synthesized=True)
    # A review starts its own.
    workspace.install_provider(STACK)
    return account, workspace


def test_a_replaced_a_destroyed_and_an_updated_resource_and_drift_are_as_the_real_plan_says(
    deployed: tuple[Account, DirectWorkspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    account, workspace = deployed
    for name, value in workspace.variables.items():
        monkeypatch.setenv(name, value)
    file = workspace.stack_folder(STACK) / "cdk.tf.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    changed = copy.deepcopy(document)
    table = changed["resource"]["aws_dynamodb_table"]["locks"]
    del table["lifecycle"]
    table["name"] = "other-locks"  # made anew
    changed["resource"]["aws_s3_bucket"]["state"]["tags"] = {"Purpose": "state"}  # updated
    del changed["resource"]["aws_s3_bucket_ownership_controls"]  # destroyed
    file.write_text(json.dumps(changed), encoding="utf-8")
    bucket = document["resource"]["aws_s3_bucket"]["state"]["bucket"]
    account.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})

    plan = real_plan(file.parent)
    page = assess({STACK: Stack(STACK, document)}, {STACK: Stack(STACK, changed)}, Planner())

    actions = {
        change["address"]: change["change"]["actions"]
        for change in plan["resource_changes"]
        if change["change"]["actions"] not in (["no-op"], ["read"])
    }
    assert {address for address in replaced_in(plan) if address in actions} == {"aws_dynamodb_table.locks"}
    assert replaced_in(plan)["aws_dynamodb_table.locks"].causes == ("name",)
    assert actions["aws_s3_bucket.state"] == ["update"]
    assert actions["aws_s3_bucket_ownership_controls.state"] == ["delete"]
    assert [text for text in texts(page, Part.DATA) if "made anew" in text] == [
        (
            "table terraform-state-lock is **destroyed and made anew** as table other-locks, its items lost: "
            "`name` forces it"
        )
    ]
    assert any("ownership_controls.state`" in text for text in texts(page, Part.EXPOSURE))
    assert texts(page, Part.UNKNOWN) == []
    assert any("aws_s3_bucket_versioning.state" in finding.text for finding in drift_in(plan))


def test_a_review_with_credentials_plans_what_is_deployed_and_says_what_drifted(
    deployed: tuple[Account, DirectWorkspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    if subprocess.run(["git", "rev-parse", "HEAD"], cwd=Path(__file__).parent, check=False).returncode:
        pytest.skip("a review compares revisions, and this is no clone")
    account, workspace = deployed
    # Of dev, what takes no minute. Its state is in the bucket, as everybody's is.
    workspace.deploy("parakeet-dev-secrets", synthesized=True)
    workspace.terraform("parakeet-dev", "init", "-input=false")
    target = "-target=aws_sqs_queue.dead_letters"
    workspace.terraform("parakeet-dev", "apply", "-input=false", "-auto-approve", target)
    sqs = account.client("sqs")
    queue = sqs.get_queue_url(QueueName="potential-parakeet-lambda-dlq-dev")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"DelaySeconds": "7"})
    for name, value in workspace.variables.items():
        monkeypatch.setenv(name, value)

    _, page = review("HEAD", with_plan=True)

    assert page == ordered(page)
    drift = [finding for finding in page if finding.text.startswith("drift: ")]
    assert [(finding.part, finding.stacks) for finding in drift] == [(Part.DATA, ("parakeet-dev",))]
    assert drift[0].text == (
        "drift: `aws_sqs_queue.dead_letters` differs in `delay_seconds` from what was deployed"
    )
    unknown = [finding for finding in page if finding.part is Part.UNKNOWN]
    assert not [finding.text for finding in unknown if "parakeet-dev" in finding.stacks]
    assert "not planned: its state is on the machine that deployed it" in [
        finding.text for finding in unknown if STACK in finding.stacks
    ]
