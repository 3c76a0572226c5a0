"""What a function finds around it, and what it does not survive."""

import os
import re
import signal
from pathlib import Path
from threading import Thread

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.local.aws.functions.account import Account, Answer, eventually

pytestmark = pytest.mark.integration

TELL = """
import os, sys
loads = []
loads.append(1)
def handler(event, context):
    return {
        "pid": os.getpid(), "variables": dict(os.environ), "path": sys.path, "folder": os.getcwd(),
        "loads": len(loads), "event": event, "request": context.aws_request_id,
        "arn": context.invoked_function_arn, "left_ms": context.get_remaining_time_in_millis(),
        "memory": context.memory_limit_in_mb,
    }
"""


def test_function_has_its_own_variables_and_nothing_of_this_machine(account: Account) -> None:
    name = account.function(TELL, Environment={"Variables": {"MINE": "1"}}, MemorySize=256)
    told = account.invoke(name).payload
    variables = told["variables"]
    assert variables["MINE"] == "1"
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == name
    assert variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert variables["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
    assert variables["AWS_LAMBDA_LOG_GROUP_NAME"] == f"/aws/lambda/{name}"
    assert variables["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert variables["AWS_ENDPOINT_URL"] == account.aws.endpoint
    assert variables["_HANDLER"] == "app.handler"
    assert variables["LAMBDA_TASK_ROOT"] == told["folder"]
    assert "A_VARIABLE_OF_THIS_MACHINE" not in variables
    assert not [variable for variable in variables if variable.startswith("PARAKEET")]
    assert not [folder for folder in told["path"] if "site-packages" in folder]
    assert str(Path.cwd()) not in told["path"]


def test_function_cannot_change_lambdas_own_variables(account: Account) -> None:
    name = account.function(TELL, Environment={"Variables": {"AWS_REGION": "mars-1", "_HANDLER": "x"}})
    variables = account.invoke(name).payload["variables"]
    assert (variables["AWS_REGION"], variables["_HANDLER"]) == ("us-east-1", "app.handler")


def test_context_says_what_lambdas_says(account: Account) -> None:
    name = account.function(TELL, Timeout=7)
    answer = account.invoke(name, {"a": [1]})
    assert answer.payload["event"] == {"a": [1]}
    assert answer.payload["request"] == answer.response["ResponseMetadata"]["RequestId"]
    assert answer.payload["arn"].endswith(f":function:{name}")
    assert 0 < answer.payload["left_ms"] <= 7000
    assert int(answer.payload["memory"]) == 128


def test_function_has_the_credentials_of_its_role(account: Account) -> None:
    role = account.role()
    source = "import boto3\ndef handler(e, c): return boto3.client('sts').get_caller_identity()['Arn']"
    name = account.function(source, role=role, Timeout=20)
    told = account.invoke(name).payload
    assert told.endswith(f":assumed-role/{role.rpartition('/')[2]}/{name}")


def test_function_may_do_what_its_role_may_and_nothing_else(account: Account) -> None:
    source = """
import boto3
def handler(event, context):
    s3 = boto3.client("s3")
    s3.put_object(Bucket=event, Key="mine/a", Body=b"a")
    try:
        s3.put_object(Bucket=event, Key="yours/a", Body=b"a")
    except s3.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
"""
    bucket = "a-bucket-for-a-role"
    account.client("s3").create_bucket(Bucket=bucket)
    may = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/mine/*"}
    name = account.function(source, role=account.role(may), Timeout=20)
    assert account.invoke(name, bucket).payload == "AccessDenied"
    assert [each["Key"] for each in account.client("s3").list_objects_v2(Bucket=bucket)["Contents"]] == [
        "mine/a"
    ]


@pytest.mark.parametrize("runtime", ["python3.12", "python3.14", "nodejs22.x", "provided.al2023"])
def test_another_runtime_is_refused(account: Account, runtime: str) -> None:
    name = account.function(TELL)
    account.client("lambda").update_function_configuration(FunctionName=name, Runtime=runtime)
    said = f"FunctionName {name}: Runtime = '{runtime}' is not emulated here"
    with pytest.raises(ClientError, match=said) as refusal:
        account.invoke(name)
    assert refusal.value.response["Error"]["Code"] == "InvalidRuntimeException"


def test_role_that_lambda_may_not_assume_is_refused(account: Account) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    name = account.function(TELL, role=account.role(trust=trust))
    with pytest.raises(ClientError, match="cannot be assumed by Lambda"):
        account.invoke(name)


def test_process_is_initialized_once_and_reused(account: Account) -> None:
    name = account.function(TELL)
    first, second = account.invoke(name).payload, account.invoke(name).payload
    assert first["pid"] == second["pid"]
    assert second["loads"] == 1


def test_process_is_frozen_between_invocations(account: Account) -> None:
    process = psutil.Process(account.invoke(account.function(TELL)).payload["pid"])
    assert eventually(lambda: process.status() == psutil.STATUS_STOPPED)


def test_each_environment_has_a_folder_for_temporary_files(account: Account) -> None:
    source = """
import os, tempfile
def handler(event, context):
    with tempfile.NamedTemporaryFile(delete=False) as file:
        return file.name
"""
    one, other = (Path(account.invoke(account.function(source)).payload) for _ in range(2))
    assert one.exists()
    assert one.parent != other.parent


def test_timeout_ends_it_in_awss_words(account: Account) -> None:
    name = account.function("import time\ndef handler(e, c): time.sleep(60)", Timeout=1)
    answer = account.invoke(name)
    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] == "Sandbox.Timedout"
    assert answer.payload["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    log = account.log(name)
    assert any(
        re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z [0-9a-f-]{36} Task timed out after 1.00 seconds\n\n", line)
        for line in log
    )
    assert "Status: timeout" in log[-1]


def test_environment_that_timed_out_is_not_used_again(account: Account) -> None:
    source = """
import os, time
def handler(event, context):
    if event: time.sleep(60)
    return os.getpid()
"""
    name = account.function(source, Timeout=1)
    first = account.invoke(name).payload
    assert account.invoke(name, {"sleep": True}).error
    assert account.invoke(name).payload != first
    assert not psutil.pid_exists(first)


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("os._exit(0)", "Runtime exited without providing a reason"),
        ("os._exit(3)", "Runtime exited with error: exit status 3"),
        ("os.kill(os.getpid(), 11)", "Runtime exited with error: signal: segmentation fault"),
    ],
)
def test_crash_is_told_in_awss_words(account: Account, way: str, said: str) -> None:
    name = account.function(f"import os\ndef handler(e, c): {way}")
    answer = account.invoke(name)
    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] == "Runtime.ExitError"
    assert answer.payload["errorMessage"].endswith(f"Error: {said}")
    assert any("Runtime.ExitError" in line for line in account.log(name))


def test_memory_is_limited(account: Account) -> None:
    source = """
def handler(event, context):
    return len(bytearray(event["mb"] << 20))
"""
    name = account.function(source, Timeout=20)
    assert account.invoke(name, {"mb": 60}).payload == 60 << 20
    answer = account.invoke(name, {"mb": 300})
    assert answer.payload["errorMessage"].endswith("Error: Runtime exited with error: signal: killed")
    assert account.log(name)[-1].endswith(
        "Max Memory Used: 128 MB\tStatus: error\tError Type: Runtime.OutOfMemory\t\n"
    )


def test_function_killed_in_the_middle_fails_and_the_next_invocation_does_not(account: Account) -> None:
    source = """
import os, time
def handler(event, context):
    print("pid", os.getpid(), flush=True)
    time.sleep(event.get("seconds", 0))
    return "done"
"""
    name = account.function(source, Timeout=90)
    answers: list[Answer] = []
    waiting = Thread(target=lambda: answers.append(account.invoke(name, {"seconds": 60})))
    waiting.start()
    line = eventually(lambda: next((line for line in account.log(name) if line.startswith("pid")), ""))
    os.kill(int(line.split()[1]), signal.SIGKILL)
    waiting.join(60)
    assert answers[0].payload["errorMessage"].endswith("signal: killed")
    assert account.invoke(name).payload == "done"


@pytest.mark.parametrize(
    ("source", "handler", "code", "said"),
    [
        ("import absent", "app.handler", "Runtime.ImportModuleError", "No module named 'absent'"),
        ("x = 1", "app.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("def (", "app.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        ("raise ValueError('early')", "app.handler", "ValueError", "early"),
        ("x = 1", "app", "Runtime.MalformedHandlerName", "Bad handler 'app'"),
    ],
)
def test_code_that_cannot_be_loaded_is_told(
    account: Account, source: str, handler: str, code: str, said: str
) -> None:
    answer = account.invoke(account.function(source, Handler=handler))
    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] == code
    assert said in answer.payload["errorMessage"]


def test_exception_is_answered_with_its_trace_and_the_process_lives(account: Account) -> None:
    source = """
import os
def handler(event, context):
    if event: raise LookupError(f"no {event['what']}")
    return os.getpid()
"""
    name = account.function(source)
    first = account.invoke(name).payload
    answer = account.invoke(name, {"what": "luck"})
    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] == "LookupError"
    assert answer.payload["errorMessage"] == "no luck"
    assert "app.py" in answer.payload["stackTrace"][0]
    assert account.invoke(name).payload == first


def test_answer_above_6_mb_is_refused(account: Account) -> None:
    name = account.function("def handler(event, context): return 'x' * event")
    assert len(account.invoke(name, 6_000_000).payload) == 6_000_000
    answer = account.invoke(name, 7_000_000)
    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] == "Function.ResponseSizeTooLarge"
    assert len(account.invoke(name, 5).payload) == 5
