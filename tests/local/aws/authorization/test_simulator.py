"""The evaluator's process: whatever becomes of it, nobody may more."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from local.aws.authorization import AuthorizationError
from local.aws.authorization import simulator as module
from local.aws.authorization.simulator import Simulator
from tests.local.aws.authorization.serving import Aws

pytestmark = pytest.mark.integration

READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """One of its own."""
    made = Simulator()
    yield made
    made.close()


def question(*statements: Any, action: str = "s3:GetObject") -> dict[str, Any]:
    """May a role do this to an object?"""
    return {
        "request": {
            "principal": "arn:aws:sts::123456789012:assumed-role/role/session",
            "action": action,
            "resource": {"resource": "arn:aws:s3:::bucket/key", "accountId": "123456789012"},
            "contextVariables": {},
        },
        "identityPolicies": [
            {"name": "own", "policy": {"Version": "2012-10-17", "Statement": list(statements)}}
        ],
        "serviceControlPolicies": [],
        "resourceControlPolicies": [],
    }


def test_it_starts_with_the_first_question_and_again_after_it_has_died(simulator: Simulator) -> None:
    assert simulator.pid is None
    assert simulator.judge(question(READ)).allowed
    first = simulator.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(first)], timeout=60)
    assert simulator.judge(question(READ)).allowed
    assert simulator.pid != first


@pytest.mark.parametrize(
    "script",
    [
        "process.exit(1)",
        "setInterval(() => {}, 1000)",
        *(f"console.log('{answer}')" for answer in ("junk", "null", "{}", "[1]", '{"result": "Allowed!"}')),
    ],
)
def test_no_answer_or_one_that_is_none_is_an_error(
    simulator: Simulator, script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.mjs"
    broken.write_text(script, encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(module, "_SCRIPT", broken)
        patch.setattr(module, "_SECONDS", 1)
        with pytest.raises(AuthorizationError, match="policy evaluator"):
            simulator.judge(question(READ))
    simulator.close()
    assert simulator.judge(question(READ)).allowed


# Reads no second question, and lives on.
DEAF = """
import fs from "node:fs";
fs.readSync(0, Buffer.alloc(65536));
fs.closeSync(0);
console.log('{"result": "Allowed"}');
setInterval(() => {}, 1000);
"""


def test_a_question_that_nobody_reads_is_an_error(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf = tmp_path / "deaf.mjs"
    deaf.write_text(DEAF, encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(module, "_SCRIPT", deaf)
        assert simulator.judge(question(READ)).allowed
        with pytest.raises(AuthorizationError, match="policy evaluator gave no answer"):
            simulator.judge(question(READ))
    assert simulator.judge(question(READ)).allowed


@pytest.mark.parametrize(
    "asked",
    [
        question({"Effect": "Alow", "Action": "*", "Resource": "*"}),
        question(READ, action="s3:NoSuchAction"),
        question(READ, action="nosuchservice:GetObject"),
        {},
    ],
)
def test_a_question_that_it_does_not_understand_is_an_error(simulator: Simulator, asked: Any) -> None:
    with pytest.raises(AuthorizationError, match="refuses the question"):
        simulator.judge(asked)


def test_while_it_is_broken_requests_are_refused_and_afterwards_judged(
    aws: Aws, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = READ | {"Sid": "NotRemembered"}
    s3 = aws.as_one_who_may("s3", read)
    broken = tmp_path / "broken.mjs"
    broken.write_text("process.exit(1)", encoding="utf-8")
    aws.authorization.close()
    with monkeypatch.context() as patch:
        patch.setattr(module, "_SCRIPT", broken)
        with pytest.raises(s3.exceptions.ClientError, match="cannot judge it: The policy evaluator gave no"):
            s3.get_object(Bucket=bucket, Key="cache/a")
    assert s3.get_object(Bucket=bucket, Key="cache/a")["Body"].read() == b"bytes"


def test_it_ends_with_the_process_that_asks_it() -> None:
    asks = (
        "import json, sys\n"
        "from local.aws.authorization.simulator import Simulator\n"
        "simulator = Simulator()\n"
        "simulator.judge(json.loads(sys.argv[1]))\n"
        "print(simulator.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", asks, json.dumps(question(READ))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(module.__file__).parents[3],
    ) as process:
        assert process.stdout is not None
        node = psutil.Process(int(process.stdout.readline()))
        process.kill()
        _, alive = psutil.wait_procs([node], timeout=60)
    assert not alive
