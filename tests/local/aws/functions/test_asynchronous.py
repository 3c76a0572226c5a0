"""Events: tried again, and recorded where they end."""

import json

import pytest

from tests.local.aws.functions.account import LOG, Account, eventually

pytestmark = pytest.mark.integration

SAY = """
def handler(event, context):
    print("attempt", context.aws_request_id, event)
    if event.get("fail"): raise RuntimeError("no use")
    return "done"
"""


def sender(account: Account, queue: str) -> str:
    """A function that may send to the queue."""
    may = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue}
    return account.function(SAY, role=account.role(LOG, may))


def attempts(account: Account, name: str) -> list[str]:
    return [line.split()[1] for line in account.log(name) if line.startswith("attempt")]


def test_event_is_accepted_at_once_and_handled(account: Account) -> None:
    name = account.function(SAY)
    answer = account.invoke(name, {"a": 1}, InvocationType="Event")
    assert (answer.response["StatusCode"], answer.payload) == (202, None)
    request = answer.response["ResponseMetadata"]["RequestId"]
    assert eventually(lambda: attempts(account, name)) == [request]


def test_event_that_fails_is_tried_three_times_and_recorded_in_the_failure_queue(account: Account) -> None:
    url, arn = account.queue()
    name = sender(account, arn)
    account.client("lambda").put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    answer = account.invoke(name, {"fail": True}, InvocationType="Event")
    request = answer.response["ResponseMetadata"]["RequestId"]
    (message,) = eventually(lambda: account.messages(url))
    assert attempts(account, name) == [request] * 3
    record = json.loads(message["Body"])
    assert record["version"] == "1.0"
    assert record["requestContext"] == {
        "requestId": request,
        "functionArn": f"arn:aws:lambda:us-east-1:123456789012:function:{name}:$LATEST",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 3,
    }
    assert record["requestPayload"] == {"fail": True}
    assert record["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    assert record["responsePayload"]["errorMessage"] == "no use"


def test_functions_own_number_of_retries_is_kept(account: Account) -> None:
    url, arn = account.queue()
    name = sender(account, arn)
    client = account.client("lambda")
    client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=2)
    client.put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    assert client.get_function_event_invoke_config(FunctionName=name)["MaximumRetryAttempts"] == 0
    account.invoke(name, {"fail": True}, InvocationType="Event")
    (message,) = eventually(lambda: account.messages(url))
    assert json.loads(message["Body"])["requestContext"]["approximateInvokeCount"] == 1
    assert len(attempts(account, name)) == 1


def test_event_that_succeeds_is_recorded_where_the_function_says(account: Account) -> None:
    url, arn = account.queue()
    name = sender(account, arn)
    account.client("lambda").put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": arn}}
    )
    account.invoke(name, {}, InvocationType="Event")
    (message,) = eventually(lambda: account.messages(url))
    record = json.loads(message["Body"])
    assert record["requestContext"]["condition"] == "Success"
    assert record["responsePayload"] == "done"


def test_throttled_event_is_handled_later(account: Account) -> None:
    name = account.function(SAY)
    client = account.client("lambda")
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    account.invoke(name, {}, InvocationType="Event")
    client.delete_function_concurrency(FunctionName=name)
    assert eventually(lambda: attempts(account, name))


def test_record_needs_the_grant_of_the_functions_role(account: Account) -> None:
    url, arn = account.queue()
    name = account.function(SAY)
    account.client("lambda").put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    account.invoke(name, {"fail": True}, InvocationType="Event")
    said = f"{name}: its record did not reach {arn}: AccessDenied"
    assert eventually(lambda: said in account.functions_log.read_text())
    assert account.messages(url) == []
