"""Deployments cut short, as CI runners do or outright, and states lost, with the documents' way out."""

import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psutil
import pytest

from config.environments import ENVIRONMENTS
from config.names import bootstrap_name
from config.target import Target
from config.terraform import LOCK_TABLE, STATE_BUCKET
from deployment.command import Command, still_running, unwrapped
from tests.platform import FUNCTIONS
from tests.template import changed
from tests.terraform.account import Account, State
from tests.terraform.deployments import DEPLOY_SECONDS, OpenWorkspace, wait_until
from tests.terraform.direct_workspace import DirectWorkspace
from tests.terraform.output import lock_id
from tests.terraform.recovery import recovery, run

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("interrupted")]

STACK = "parakeet-dev"
ACCOUNT = "123456789012"
BOOTSTRAP = bootstrap_name(ACCOUNT)
DEPLOY = ("deploy", STACK, "--auto-approve", "--skip-synth")
# GitHub's runners: SIGINT, after 7.5 s SIGTERM, and 2.5 s later all is killed.
GRACE_SECONDS = 7.5
SECOND_GRACE_SECONDS = 2.5
# Between cdktf's end and that of what it started.
ENDING_SECONDS = 5.0


@dataclass
class CutShort:
    """A deployment that did not get to its end, and what it left."""

    account: Account
    workspace: DirectWorkspace
    deploy: Command
    running: list[psutil.Process]
    locks: dict[str, str]
    state: State | None
    next: Command


@dataclass
class Recovered:
    """A killed deployment after the documents' steps, and what was seen on the way."""

    account: Account
    workspace: DirectWorkspace
    held: str
    locked: dict[str, str]
    unlocked: dict[str, str]
    lost: str
    found: str
    finished: Command


@pytest.fixture(scope="module")
def cancelled(open_account: Callable[[], Account], open_workspace: OpenWorkspace) -> CutShort:
    """A first deployment, cancelled half-way; the next has begun."""
    account = open_account()
    account.create_state_backend()
    workspace = open_workspace(account, "dev")
    workspace.synth()
    workspace.deploy("parakeet-dev-secrets", synthesized=True)
    deploy = workspace.start_cdktf(*DEPLOY)
    wait_for_creation(deploy)
    return cut_short(account, workspace, deploy, cancel)


@pytest.fixture(scope="module")
def killed(cancelled: CutShort) -> CutShort:
    """The next, killed when it had made some more and written its state; one more has begun."""
    wait_for_state(cancelled)
    return cut_short(cancelled.account, cancelled.workspace, cancelled.next, kill)


def cut_short(
    account: Account, workspace: DirectWorkspace, deploy: Command, end: Callable[[Command], None]
) -> CutShort:
    root = psutil.Process(deploy.pid)
    processes = [root, *root.children(recursive=True)]
    end(deploy)
    running = still_running(processes, ENDING_SECONDS)
    locks, state = account.locks("dev"), account.state("dev")
    return CutShort(account, workspace, deploy, running, locks, state, workspace.start_cdktf(*DEPLOY))


def wait_for_creation(deploy: Command) -> None:
    """Until there is much, and much to wait for."""
    wait_until(lambda: "Still creating..." in deploy.output, deploy)


def wait_for_state(cancelled: CutShort) -> None:
    """Until Terraform has written its state for the first time since then, and its checksum."""
    assert cancelled.state
    before, account = cancelled.state, cancelled.account

    def written() -> bool:
        state = account.state("dev")
        return (
            state is not None
            and state.addresses > before.addresses
            and state.digest == account.state_digest("dev")
        )

    wait_until(written, cancelled.next)


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


# Cancelled


def test_a_cancelled_deploy_ends_in_time_with_a_whole_state_and_no_lock(cancelled: CutShort) -> None:
    assert cancelled.running == []
    assert "Interrupt received" in cancelled.deploy.output
    assert cancelled.locks == {}
    assert cancelled.state
    assert cancelled.state.addresses
    first = next(each for each in cancelled.account.states("dev") if each.serial == cancelled.state.serial)
    assert first.content == cancelled.state.content


def test_after_a_cancelled_deploy_the_next_goes_on_from_where_it_was(
    cancelled: CutShort, killed: CutShort
) -> None:
    assert cancelled.state
    assert killed.state
    assert cancelled.state.addresses < killed.state.addresses
    assert killed.state.lineage == cancelled.state.lineage
    assert killed.state.serial > cancelled.state.serial
    assert "Error:" not in unwrapped(killed.deploy.output)


# Killed


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
def recovered(killed: CutShort) -> Recovered:
    """The killed one, recovered as the documents say from what the messages say."""
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
    # Of what it made before, nothing was lost.
    finished = recovered.account.state("dev")
    assert finished
    assert killed.state
    assert killed.state.addresses < finished.addresses
    assert finished.lineage == killed.state.lineage
    assert recovered.account.state_digest("dev") == finished.digest
    assert not recovered.workspace.has_changes(STACK)


def test_a_state_whose_checksum_does_not_match_is_recovered_as_the_readme_says(
    recovered: Recovered,
) -> None:
    dynamodb = recovered.account.client("dynamodb")
    state = recovered.account.state("dev")
    assert state
    forget, deploy = recovery("checksum", bucket=STATE_BUCKET)
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


# Lost


def test_a_lost_state_of_bootstrap_is_rebuilt_as_the_readme_says(
    open_account: Callable[[], Account], open_workspace: OpenWorkspace
) -> None:
    workspace = open_workspace(open_account(), "lost")
    # As for AWS, which environments name an account of, and not for a stand-in.
    environments = [changed(each, account_id=ACCOUNT) for each in ENVIRONMENTS]
    workspace.synthesizes(environments, Target(path_style=True))
    workspace.deploy(BOOTSTRAP)
    (workspace.folder / f"terraform.{BOOTSTRAP}.tfstate").unlink()
    for command in recovery("bootstrap", account=ACCOUNT):
        ended = run(workspace, command)
        assert ended.exit_code == 0, ended.output
    known = workspace.terraform(BOOTSTRAP, "state", "list").split()
    assert {"aws_s3_bucket.state", "aws_dynamodb_table.locks"} <= set(known)
    assert not workspace.has_changes(BOOTSTRAP)
