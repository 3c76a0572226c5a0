"""A function's log."""

import json
import re

import pytest

from tests.local.aws.functions.account import LOG, Account

pytestmark = pytest.mark.integration

SAY = """
import logging
print("loading")
def handler(event, context):
    print("said")
    logging.getLogger().warning("warned")
    print("without an end", end="")
"""


def test_log_is_in_the_order_and_words_of_lambda(account: Account) -> None:
    name = account.function(SAY)
    account.invoke(name)
    init, loading, start, said, warned, unended, end, report = account.log(name)
    assert init.startswith("INIT_START Runtime Version: python:3.")
    assert loading == "loading\n"
    request = re.fullmatch(r"START RequestId: ([0-9a-f-]{36}) Version: \$LATEST\n", start)
    assert request
    assert said == "said\n"
    assert re.fullmatch(rf"\[WARNING\]\t[\dT:.-]+Z\t{request[1]}\twarned\n", warned)
    assert unended == "without an end\n"
    assert end == f"END RequestId: {request[1]}\n"
    assert re.fullmatch(
        rf"REPORT RequestId: {request[1]}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\t"
        r"Memory Size: 128 MB\tMax Memory Used: \d+ MB\tInit Duration: [\d.]+ ms\t\n",
        report,
    )


def test_second_invocation_has_no_initialization(account: Account) -> None:
    name = account.function(SAY)
    account.invoke(name)
    account.invoke(name)
    log = account.log(name)
    assert sum("Init Duration" in line for line in log) == 1
    assert sum(line.startswith("INIT_START") for line in log) == 1
    assert log.count("said\n") == 2


def test_log_stream_has_its_day_version_and_environment(account: Account) -> None:
    name = account.function(SAY)
    account.invoke(name)
    (stream,) = account.client("logs").describe_log_streams(logGroupName=f"/aws/lambda/{name}")["logStreams"]
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", stream["logStreamName"])


def test_log_is_also_written_to_the_file_with_the_functions_name(account: Account) -> None:
    name = account.function(SAY)
    account.invoke(name)
    assert f"{name}: said\n" in account.functions_log.read_text()


def test_role_without_the_grant_writes_no_log_and_the_function_runs(account: Account) -> None:
    name = account.function(SAY, role=account.role())
    assert account.invoke(name).error is None
    assert account.log(name) == []
    assert f"{name}: its role may not write its log: AccessDenied" in account.functions_log.read_text()


def test_grant_that_is_taken_away_is_missed_by_the_next_invocation_and_obeyed_again(account: Account) -> None:
    iam, role = account.client("iam"), account.role(LOG)
    of_role = {"RoleName": role.rpartition("/")[2], "PolicyName": "may"}
    name = account.function("def handler(event, context): print(event)", role=role)
    account.invoke(name, "may")
    granted = iam.get_role_policy(**of_role)["PolicyDocument"]
    iam.delete_role_policy(**of_role)
    assert account.invoke(name, "may not").error is None
    iam.put_role_policy(**of_role, PolicyDocument=json.dumps(granted))
    account.invoke(name, "may again")
    log = account.log(name)
    assert "may\n" in log
    assert "may not\n" not in log
    assert "may again\n" in log
    assert sum(line.startswith("INIT_START") for line in log) == 1


def test_role_that_may_make_no_group_writes_to_one_that_is_there(account: Account) -> None:
    may = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}
    name = account.function(SAY, role=account.role(may))
    account.client("logs").create_log_group(logGroupName=f"/aws/lambda/{name}")
    account.invoke(name)
    assert account.log(name)[-1].startswith("REPORT")
