"""How many environments there are, and until when."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.local.aws.functions.account import Account, archive, eventually

pytestmark = pytest.mark.integration

WHO = """
import os, time
def handler(event, context):
    time.sleep(event.get("seconds", 0))
    return os.getpid()
"""


def ended(pid: int) -> bool:
    return not psutil.pid_exists(pid)


def test_invocations_at_once_have_an_environment_each(account: Account) -> None:
    name = account.function(WHO, Timeout=20)
    with ThreadPoolExecutor(3) as pool:
        pids = list(pool.map(lambda _: account.invoke(name, {"seconds": 1}).payload, range(3)))
    assert len(set(pids)) == 3


def test_more_invocations_than_environments_wait_and_all_are_answered(account: Account) -> None:
    name = account.function(WHO, Timeout=20)
    with ThreadPoolExecutor(12) as pool:
        pids = list(pool.map(lambda _: account.invoke(name, {"seconds": 0.1}).payload, range(24)))
    assert len(pids) == 24
    assert len(set(pids)) <= 3  # as the fixture says


def test_reserved_concurrency_is_kept(account: Account) -> None:
    name = account.function(WHO, Timeout=20)
    account.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(account.invoke, name, {"seconds": 3})
        eventually(lambda: account.log(name))
        with pytest.raises(ClientError) as refusal:
            account.invoke(name)
        assert isinstance(first.result().payload, int)
    response = refusal.value.response
    assert response["Error"]["Code"] == "TooManyRequestsException"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert isinstance(account.invoke(name).payload, int)


def test_reserved_concurrency_of_zero_stops_a_function(account: Account) -> None:
    name = account.function(WHO)
    account.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        account.invoke(name)


def test_new_code_serves_the_next_invocation_and_the_old_process_ends(account: Account) -> None:
    name = account.function(WHO)
    old = account.invoke(name).payload
    new = archive({"app.py": "def handler(event, context): return 'new'"})
    account.client("lambda").update_function_code(FunctionName=name, ZipFile=new)
    assert account.invoke(name).payload == "new"
    assert eventually(lambda: ended(old))


def test_new_configuration_serves_the_next_invocation(account: Account) -> None:
    name = account.function("import os\ndef handler(e, c): return os.environ.get('A'), c.memory_limit_in_mb")
    assert account.invoke(name).payload == [None, "128"]
    account.client("lambda").update_function_configuration(
        FunctionName=name, MemorySize=256, Environment={"Variables": {"A": "1"}}
    )
    assert account.invoke(name).payload == ["1", "256"]


def test_invocation_under_way_is_finished_by_the_old_code(account: Account) -> None:
    name = account.function(WHO, Timeout=20)
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(account.invoke, name, {"seconds": 2})
        eventually(lambda: account.log(name))
        new = archive({"app.py": "def handler(event, context): return 'new'"})
        account.client("lambda").update_function_code(FunctionName=name, ZipFile=new)
        assert account.invoke(name).payload == "new"
        old = under_way.result().payload
    assert isinstance(old, int)
    assert eventually(lambda: ended(old))


def test_deleted_functions_process_ends(account: Account) -> None:
    name = account.function(WHO)
    pid = account.invoke(name).payload
    account.client("lambda").delete_function(FunctionName=name)
    assert eventually(lambda: ended(pid))


def test_environment_killed_while_idle_is_replaced(account: Account) -> None:
    name = account.function(WHO)
    pid = account.invoke(name).payload
    with suppress(psutil.NoSuchProcess):
        psutil.Process(pid).kill()
    assert account.invoke(name).payload != pid
