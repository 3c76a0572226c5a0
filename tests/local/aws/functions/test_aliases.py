"""Aliases and versions: what is invoked by them, who may, and what is set for them."""

import json
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.aws.functions.account import LOG, Account, archive, eventually
from tests.local.aws.functions.invoke_api import call, service

pytestmark = pytest.mark.integration

SOURCE = "arn:aws:execute-api:us-east-1:123456789012:api1/$default/GET/trades"
WHO = """
import os, time
def handler(event, context):
    time.sleep((event or {}).get("seconds", 0))
    return {
        "code": "%s", "configured": os.environ["CONFIGURED"], "arn": context.invoked_function_arn,
        "version": context.function_version, "variable": os.environ["AWS_LAMBDA_FUNCTION_VERSION"],
        "stream": context.log_stream_name, "pid": os.getpid(),
    }
"""


def arn_of(name: str) -> str:
    return f"arn:aws:lambda:us-east-1:123456789012:function:{name}"


def released(account: Account, number: str = "1", **settings: Any) -> str:
    """A function whose version 1 is live."""
    name = account.function(WHO % number, Environment={"Variables": {"CONFIGURED": number}}, **settings)
    client = account.client("lambda")
    client.publish_version(FunctionName=name)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    return name


def release(account: Account, name: str, number: str) -> str:
    """Deploy as the AWS provider does: configuration, then code, then a version, then the alias."""
    client = account.client("lambda")
    client.update_function_configuration(FunctionName=name, Environment={"Variables": {"CONFIGURED": number}})
    client.update_function_code(FunctionName=name, ZipFile=archive({"app.py": WHO % number}))
    version = str(client.publish_version(FunctionName=name)["Version"])
    switch(account, name, version)
    return version


def switch(account: Account, name: str, version: str) -> None:
    account.client("lambda").update_alias(FunctionName=name, Name="live", FunctionVersion=version)


def refusal(failed: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    response = failed.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_function_is_told_the_alias_it_was_invoked_by_and_the_version_that_it_is(account: Account) -> None:
    name = released(account)
    answer = account.invoke(name, Qualifier="live")
    assert answer.response["ExecutedVersion"] == "1"
    said = answer.payload
    assert said["arn"] == f"{arn_of(name)}:live"
    assert (said["version"], said["variable"]) == ("1", "1")
    assert "/[1]" in said["stream"]
    assert "Version: 1\n" in "".join(account.log(name))
    # Both lead to the same version, whose environments they share.
    by_number = account.invoke(f"{arn_of(name)}:1").payload
    assert (by_number["arn"], by_number["pid"]) == (f"{arn_of(name)}:1", said["pid"])
    assert account.invoke(name).payload["arn"] == arn_of(name)


def test_an_alias_that_was_switched_is_obeyed_by_the_next_request_and_back(account: Account) -> None:
    name = released(account)
    assert account.invoke(f"{name}:live").payload["code"] == "1"
    assert release(account, name, "2") == "2"
    assert account.invoke(f"{name}:live").payload["code"] == "2"
    switch(account, name, "1")
    assert account.invoke(f"{name}:live").payload["code"] == "1"


def test_switching_under_a_stream_of_requests_never_shows_new_configuration_with_old_code(
    account: Account,
) -> None:
    name = released(account)
    done = Event()

    def ask() -> list[dict[str, Any]]:
        answers = []
        while not done.is_set():
            answers.append(account.invoke(f"{name}:live").payload)
        return answers

    with ThreadPoolExecutor(2) as pool:
        streams = [pool.submit(ask) for _ in range(2)]
        try:
            for number in range(2, 8):
                release(account, name, str(number))
                assert account.invoke(f"{name}:live").payload["code"] == str(number)
        finally:
            done.set()
        answers = [answer for stream in streams for answer in stream.result()]
    assert [answer for answer in answers if answer["code"] != answer["configured"]] == []
    assert len(Counter(answer["code"] for answer in answers)) > 1


def test_a_permission_on_the_alias_opens_neither_the_function_nor_its_versions(account: Account) -> None:
    name = released(account)
    client = account.client("lambda")
    permission = {"StatementId": "api", "Action": "lambda:InvokeFunction"}
    permission |= {"Principal": "apigateway.amazonaws.com"}
    client.add_permission(FunctionName=name, Qualifier="live", **permission)
    by = service(account, SOURCE)
    assert call(account, f"{name}:live", by)[0] == 200
    assert [call(account, asked, by)[0] for asked in (name, f"{name}:1", f"{name}:$LATEST")] == [403] * 3
    with pytest.raises(ClientError) as failed:
        client.get_policy(FunctionName=name)
    assert refusal(failed) == ("ResourceNotFoundException", 404)

    # One of the same name on the function is another one, and does not open the alias.
    client.add_permission(FunctionName=name, **permission)
    client.remove_permission(FunctionName=name, StatementId="api", Qualifier="live")
    assert (call(account, f"{name}:live", by)[0], call(account, name, by)[0]) == (403, 200)
    [statement] = json.loads(client.get_policy(FunctionName=name)["Policy"])["Statement"]
    assert statement["Resource"] == arn_of(name)
    with pytest.raises(ClientError) as failed:
        client.add_permission(FunctionName=name, **permission)
    assert refusal(failed) == ("ResourceConflictException", 409)


def test_the_aliass_permission_stays_when_it_is_switched(account: Account) -> None:
    name = released(account)
    account.client("lambda").add_permission(
        FunctionName=f"{name}:live",
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    release(account, name, "2")
    status, said = call(account, f"{name}:live", service(account, SOURCE))
    assert (status, said["code"]) == (200, "2")


def test_reserved_concurrency_is_the_functions_whatever_version_runs(account: Account) -> None:
    name = released(account, Timeout=20)
    release(account, name, "2")
    account.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(account.invoke, f"{name}:1", {"seconds": 3})
        eventually(lambda: account.log(name))
        with pytest.raises(ClientError, match="TooManyRequestsException"):
            account.invoke(f"{name}:live")
        assert first.result().payload["code"] == "1"


def test_what_is_set_for_the_aliass_events_is_not_the_functions(account: Account) -> None:
    url, arn = account.queue()
    may = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}
    name = account.function("def handler(e, c): raise RuntimeError", role=account.role(LOG, may))
    client = account.client("lambda")
    client.publish_version(FunctionName=name)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    client.put_function_event_invoke_config(
        FunctionName=name,
        Qualifier="live",
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )
    with pytest.raises(ClientError) as failed:
        client.get_function_event_invoke_config(FunctionName=name)
    assert refusal(failed) == ("ResourceNotFoundException", 404)
    client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)
    found = client.get_function_event_invoke_config(FunctionName=name, Qualifier="live")
    assert (found["FunctionArn"], found["MaximumRetryAttempts"]) == (f"{arn_of(name)}:live", 0)

    account.invoke(f"{name}:live", InvocationType="Event")
    (message,) = eventually(lambda: account.messages(url))
    record = json.loads(message["Body"])
    assert record["requestContext"]["functionArn"] == f"{arn_of(name)}:live"
    assert record["responseContext"]["executedVersion"] == "1"
    client.delete_function_event_invoke_config(FunctionName=name, Qualifier="live")
    assert client.get_function_event_invoke_config(FunctionName=name)["MaximumRetryAttempts"] == 1


def test_version_numbers_are_used_once_and_the_live_one_cannot_be_removed(account: Account) -> None:
    name = released(account)
    for number in ("2", "3"):
        release(account, name, number)
    client = account.client("lambda")
    client.delete_function(FunctionName=name, Qualifier="1")
    with pytest.raises(ClientError) as failed:
        client.delete_function(FunctionName=name, Qualifier="3")
    assert refusal(failed) == ("ResourceConflictException", 409)
    with pytest.raises(ClientError):
        client.delete_function(FunctionName=name, Qualifier="live")
    assert release(account, name, "4") == "4"
    versions = [each["Version"] for each in client.list_versions_by_function(FunctionName=name)["Versions"]]
    assert versions == ["$LATEST", "2", "3", "4"]
    with pytest.raises(ClientError) as failed:
        account.invoke(f"{name}:1")
    assert refusal(failed) == ("ResourceNotFoundException", 404)


def test_code_is_of_the_version_of_the_object_that_was_asked_for(account: Account) -> None:
    s3, client, bucket = account.client("s3"), account.client("lambda"), f"bucket-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    old, _ = (
        s3.put_object(Bucket=bucket, Key="code", Body=archive({"app.py": WHO % each}))["VersionId"]
        for each in ("old", "new")
    )
    name = released(account)
    pinned = {"S3Bucket": bucket, "S3Key": "code", "S3ObjectVersion": old}
    client.update_function_code(FunctionName=name, **pinned)
    assert account.invoke(name).payload["code"] == "old"
    with pytest.raises(ClientError, match="NoSuchVersion"):
        client.update_function_code(FunctionName=name, **(pinned | {"S3ObjectVersion": "none"}))
    assert account.invoke(name).payload["code"] == "old"


def test_a_version_keeps_a_layer_that_was_deleted_and_nobody_else_gets_it(account: Account) -> None:
    layer = account.layer({"python/thing.py": "WHERE = 'layer'"})
    name = account.function("import thing\ndef handler(e, c): return thing.WHERE", Layers=[layer])
    client = account.client("lambda")
    client.publish_version(FunctionName=name)
    _, _, _, _, _, _, layer_name, number = layer.split(":")
    client.delete_layer_version(LayerName=layer_name, VersionNumber=int(number))
    assert account.invoke(f"{name}:1").payload == "layer"
    with pytest.raises(ClientError):
        account.function("", Layers=[layer])


def test_an_alias_with_weights_is_not_emulated_and_says_so(account: Account) -> None:
    name = released(account)
    release(account, name, "2")
    account.client("lambda").update_alias(
        FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {"1": 0.5}}
    )
    with pytest.raises(ClientError, match="weights, which are not emulated"):
        account.invoke(f"{name}:live")


def test_two_different_qualifiers_are_refused(account: Account) -> None:
    name = released(account)
    with pytest.raises(ClientError) as failed:
        account.invoke(f"{name}:live", Qualifier="1")
    assert refusal(failed) == ("InvalidParameterValueException", 400)


def test_a_rule_invokes_the_alias_by_the_aliass_permission(account: Account) -> None:
    name = released(account)
    client, events, rule = account.client("lambda"), account.client("events"), f"rule-{uuid.uuid4().hex[:8]}"
    source = events.put_rule(Name=rule, EventPattern=json.dumps({"source": [rule]}))["RuleArn"]
    events.put_targets(Rule=rule, Targets=[{"Id": "live", "Arn": f"{arn_of(name)}:live"}])
    permission = {"StatementId": rule, "Action": "lambda:InvokeFunction", "SourceArn": source}
    permission |= {"Principal": "events.amazonaws.com"}
    entry = {"Source": rule, "DetailType": "test", "Detail": "{}"}

    client.add_permission(FunctionName=name, **permission)
    events.put_events(Entries=[entry])
    time.sleep(0.5)
    assert account.log(name) == []
    client.add_permission(FunctionName=name, Qualifier="live", **permission)
    events.put_events(Entries=[entry])
    assert eventually(lambda: [line for line in account.log(name) if "Version: 1" in line])
