"""Deployments cut short, as CI runners do or outright, and states lost, with the README's way out."""

import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psutil
import pytest

from config.terraform import LOCK_TABLE
from deployment.command import Command, still_running, unwrapped
from tests.platform import FUNCTIONS
from tests.terraform.account import Account, State
from tests.terraform.deployments import DEPLOY_SECONDS, OpenWorkspace, apply, synthesize, wait_until
from tests.terraform.kept_provider import KeepingWorkspace
from tests.terraform.output import lock_id
from tests.terraform.recovery import recovery, run

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("interrupted")]

STACK = "parakeet-dev"
BOOTSTRAP = "parakeet-bootstrap"
DEPLOY = ("deploy", STACK, "--auto-approve")
# GitHub's runners: SIGINT, after 7.5 s SIGTERM, and 2.5 s later all is killed.
GRACE_SECONDS = 7.5
SECOND_GRACE_SECONDS = 2.5
# Between cdktf's end and that of what it started.
ENDING_SECONDS = 5.0


@dataclass
class CutShort:
    """A first deployment that did not get to its end, and what it left."""

    account: Account
    workspace: KeepingWorkspace
    deploy: Command
    running: list[psutil.Process]
    locks: dict[str, str]
    state: State | None
    next: Command


@dataclass
class Recovered:
    """A killed deployment after the README's steps, and what was seen on the way."""

    account: Account
    workspace: KeepingWorkspace
    held: str
    locked: dict[str, str]
    unlocked: dict[str, str]
    lost: str
    found: str
    finished: Command


@pytest.fixture(scope="module")
def cut_short(
    open_account: Callable[[], Account], open_workspace: OpenWorkspace
) -> tuple[CutShort, CutShort]:
    """One cancelled and one killed half-way, side by side in two accounts; the next has begun."""
    begun = []
    for name in ("cancelled", "killed"):
        account = open_account()
        account.create_state_backend()
        workspace = open_workspace(account, name)
        synthesize(workspace)
        apply(workspace, "parakeet-dev-secrets")
        begun.append((account, workspace, workspace.start_cdktf(*DEPLOY)))
    ends = []
    for (account, workspace, deploy), end in zip(begun, (cancel, kill), strict=True):
        wait_for_state(account, deploy) if end is kill else wait_for_creation(deploy)
        root = psutil.Process(deploy.pid)
        processes = [root, *root.children(recursive=True)]
        end(deploy)
        running = still_running(processes, ENDING_SECONDS)
        locks, state = account.locks("dev"), account.state("dev")
        following = workspace.start_cdktf(*DEPLOY)
        ends.append(CutShort(account, workspace, deploy, running, locks, state, following))
    return ends[0], ends[1]


@pytest.fixture
def cancelled(cut_short: tuple[CutShort, CutShort]) -> CutShort:
    return cut_short[0]


@pytest.fixture
def killed(cut_short: tuple[CutShort, CutShort]) -> CutShort:
    return cut_short[1]


def wait_for_creation(deploy: Command) -> None:
    """Until there is much, and much to wait for."""
    wait_until(lambda: "Still creating..." in deploy.output, deploy)


def wait_for_state(account: Account, deploy: Command) -> None:
    """Until Terraform has written its state for the first time, and its checksum."""

    def written() -> bool:
        state = account.state("dev")
        return state is not None and state.digest == account.state_digest("dev")

    wait_until(written, deploy)


def cancel(deploy: Command) -> None:
    """As CI runners do: all processes of the group are told, and told again."""
    group = deploy.pid
    for number, grace in ((signal.SIGINT, GRACE_SECONDS), (signal.SIGTERM, SECOND_GRACE_SECONDS)):
        os.killpg(group, number)
        end = time.monotonic() + grace
        while deploy.running and time.monotonic() < end:
            time.sleep(0.1)
        if not deploy.running:
            return


def kill(deploy: Command) -> None:
    deploy.kill()


# Killed. First, as the cancelled one's next deployment is still on its way


def made_unknown(killed: CutShort, known: set[str]) -> Iterator[tuple[str, str]]:
    """Address and id of what was really made of the functions after the state was written.

    Of a function that is there already, the provider asks for five minutes before it says so.
    """
    client = killed.account.client("lambda")
    document = json.loads((killed.workspace.stack_folder(STACK) / "cdk.tf.json").read_text("utf-8"))
    permissions: dict[str, dict[str, str]] = document["resource"]["aws_lambda_permission"]
    made = {each["FunctionName"] for each in killed.account.pages("lambda", "list_functions", "Functions")}
    for function, part in FUNCTIONS.items():
        name = f"potential-parakeet-{part}-dev"
        if name not in made:
            continue
        found = {f"aws_lambda_function.{function}": name}
        if client.list_aliases(FunctionName=name)["Aliases"]:
            found[f"aws_lambda_alias.{function}"] = f"{name}/live"
        try:
            policy = json.loads(client.get_policy(FunctionName=name, Qualifier="live")["Policy"])
        except client.exceptions.ResourceNotFoundException:
            policy = {"Statement": []}
        statements = {each["Sid"] for each in policy["Statement"]}
        found |= {
            f"aws_lambda_permission.{address}": f"{name}:live/{block['statement_id']}"
            for address, block in permissions.items()
            if f".{function}." in block["function_name"] and block["statement_id"] in statements
        }
        yield from ((address, each) for address, each in found.items() if address not in known)


@pytest.fixture(scope="module")
def recovered(cut_short: tuple[CutShort, CutShort]) -> Recovered:
    """The killed one, recovered as the README says from what the messages say."""
    _, killed = cut_short
    assert killed.next.wait(DEPLOY_SECONDS) != 0
    held, locked = lock_id(killed.next.output), killed.account.locks("dev")

    unlock, deploy = recovery("lock", ID=held)
    assert run(killed.workspace, unlock).exit_code == 0
    unlocked = killed.account.locks("dev")
    assert killed.state
    for address, known_as in made_unknown(killed, killed.state.addresses):
        take_over, _ = recovery("import", address=address, id=known_as)
        assert run(killed.workspace, take_over).exit_code == 0
    # As if it had been, too.
    [lost] = [
        address for address in killed.state.addresses if address.startswith("aws_cloudwatch_log_group.trades")
    ]
    killed.workspace.terraform(STACK, "state", "rm", lost)
    stopped = run(killed.workspace, deploy)
    assert stopped.exit_code != 0
    said = unwrapped(stopped.output)
    exists = re.search(r"Log Group \(([^)]+)\):.*?already exists with (\S+) ", said)
    assert exists, said[-1000:]

    take_over, deploy = recovery("import", address=exists[2], id=exists[1])
    assert run(killed.workspace, take_over).exit_code == 0
    finished = run(killed.workspace, deploy)
    return Recovered(killed.account, killed.workspace, held, locked, unlocked, lost, exists[2], finished)


def test_after_a_killed_deploy_the_readmes_steps_end_in_an_empty_plan(
    killed: CutShort, recovered: Recovered
) -> None:
    assert killed.running == []
    # The next one named the lock that the killed one left, in both places.
    assert recovered.locked == killed.locks == {"table": recovered.held, "bucket": recovered.held}
    assert recovered.unlocked == {}
    assert recovered.found == recovered.lost
    assert recovered.finished.exit_code == 0, recovered.finished.output
    assert not recovered.workspace.has_changes(STACK)


def test_a_state_whose_checksum_does_not_match_is_recovered_as_the_readme_says(
    recovered: Recovered,
) -> None:
    dynamodb = recovered.account.client("dynamodb")
    state = recovered.account.state("dev")
    assert state
    forget, deploy = recovery("checksum")
    arguments = dict(zip(forget[3::2], forget[4::2], strict=True))
    assert forget[:3] == ["aws", "dynamodb", "delete-item"]
    key = json.loads(arguments["--key"])
    dynamodb.put_item(TableName=LOCK_TABLE, Item={**key, "Digest": {"S": "0" * 32}})
    stopped = recovered.workspace.start_terraform(STACK, "plan", "-input=false")
    assert stopped.wait(DEPLOY_SECONDS) != 0
    assert "state data in S3 does not have the expected content" in unwrapped(stopped.output)

    # The command's own program is not needed for anything else here.
    dynamodb.delete_item(TableName=arguments["--table-name"], Key=key)
    finished = run(recovered.workspace, deploy)
    assert finished.exit_code == 0, finished.output
    assert "No changes." in finished.output


# Cancelled


def test_a_cancelled_deploy_ends_in_time_with_a_whole_state_and_no_lock(cancelled: CutShort) -> None:
    assert cancelled.running == []
    assert "Interrupt received" in cancelled.deploy.output
    assert cancelled.locks == {}
    assert cancelled.state
    first = next(each for each in cancelled.account.states("dev") if each.serial == cancelled.state.serial)
    assert first.content == cancelled.state.content


def test_a_cancelled_deploy_is_finished_by_the_next(cancelled: CutShort) -> None:
    assert cancelled.state
    cancelled.next.finish(DEPLOY_SECONDS)
    finished = cancelled.account.state("dev")
    assert finished
    # It was half-way, and nothing of it was lost.
    assert cancelled.state.addresses
    assert cancelled.state.addresses < finished.addresses
    assert finished.lineage == cancelled.state.lineage
    assert cancelled.account.state_digest("dev") == finished.digest
    assert not cancelled.workspace.has_changes(STACK)


# Lost


def test_a_lost_state_of_bootstrap_is_rebuilt_as_the_readme_says(
    open_account: Callable[[], Account], open_workspace: OpenWorkspace
) -> None:
    workspace = open_workspace(open_account(), "lost")
    synthesize(workspace)
    apply(workspace, BOOTSTRAP)
    (workspace.folder / f"terraform.{BOOTSTRAP}.tfstate").unlink()
    for command in recovery("bootstrap", account="123456789012"):
        ended = run(workspace, command)
        assert ended.exit_code == 0, ended.output
    known = workspace.terraform(BOOTSTRAP, "state", "list").split()
    assert {"aws_s3_bucket.state", "aws_dynamodb_table.locks"} <= set(known)
    assert not workspace.has_changes(BOOTSTRAP)
