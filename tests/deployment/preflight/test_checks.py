"""How checks are run and told, and that no secret is."""

import os
import subprocess
import sys
from itertools import chain, repeat
from pathlib import Path
from threading import Event

import pytest

from config.environments import DEV
from deployment.preflight.__main__ import report
from deployment.preflight.checks import SECONDS, Check, ProblemError, UnknownError, run
from deployment.preflight.everything import checks_of
from deployment.preflight.masked import masked

PROJECT = Path(__file__).parents[3]


def test_checks_run_side_by_side_and_are_told_in_order_however_long_each_takes() -> None:
    ready = Event()

    def waits() -> str:
        assert ready.wait(60)
        return "first"

    def lets_go() -> str:
        ready.set()
        return "second"

    assert [one.text for one in run([Check("a", waits), Check("b", lets_go)])] == ["first", "second"]


def test_a_check_that_hangs_is_given_up_and_costs_the_others_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = Event()
    # The time of the one that hangs is over at once, and the other's is not.
    clock = chain([100.0, 100.0 + SECONDS], repeat(100.0))
    monkeypatch.setattr("deployment.preflight.checks.time.monotonic", clock.__next__)
    try:
        hangs = Check("hangs", lambda: str(over.wait(60)))
        outcomes = list(run([hangs, Check("ok", lambda: "fine")]))
    finally:
        over.set()
    assert [str(one.verdict) for one in outcomes] == ["could not tell", "ok"]
    assert outcomes[0].text.startswith("no answer within")


def test_the_exit_code_is_one_if_there_is_a_problem_and_not_if_nobody_could_tell(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def problem() -> str:
        raise ProblemError("it is closed: open it")

    def unknown() -> str:
        raise UnknownError("it is dark: try again")

    def broken() -> str:
        raise RuntimeError("with a-secret")

    assert report([Check("a", unknown), Check("b", broken), Check("c", lambda: "fine")], {}) == 0
    assert "a-secret" not in capsys.readouterr().out
    assert report([Check("a", unknown), Check("long name", problem)], {}) == 1
    assert capsys.readouterr().out == (
        "could not tell  a          it is dark: try again\nproblem         long name  it is closed: open it\n"
    )


SHELL = {
    "TF_VAR_neon_database_url": "postgresql://own%40er:pass%2Fword@ep-x.example.com/db?sslmode=require",
    "TF_VAR_db_username": "own@er",
    "TF_VAR_db_password": "pass/word",
    "TF_VAR_db_host": "ep-x.example.com",
    "TF_VAR_tiingo_api_key": "tiingo-key",
    "TF_VAR_polygon_api_key": "polygon-key",
    "AWS_SECRET_ACCESS_KEY": "aws-key",
}


def test_no_secret_is_printed_in_whatever_way_it_got_into_a_line() -> None:
    text = masked(" | ".join([*SHELL.values(), "own%40er", "pass%2Fword", "line\nend"]), SHELL)
    assert not [value for value in (*SHELL.values(), "own%40er", "pass%2Fword", "\n") if value in text]
    assert masked("nothing to hide", {}) == "nothing to hide"


def test_everything_is_checked_under_a_name_of_its_own() -> None:
    names = [check.name for check in checks_of(DEV, {})]
    assert len(names) == len(set(names)) == 10


@pytest.mark.integration
def test_without_anything_set_it_says_line_by_line_what_to_do_and_fails() -> None:
    unset = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true"}
    # Nobody outside is asked.
    unset |= dict.fromkeys(("HTTPS_PROXY", "AWS_ENDPOINT_URL"), "http://127.0.0.1:1")
    answer = subprocess.run(
        [sys.executable, "-m", "deployment.preflight", "--environment", "prod"],
        cwd=PROJECT,
        env=unset,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (answer.returncode, answer.stderr) == (1, "")
    assert len(answer.stdout.splitlines()) == 10
    assert "TF_VAR_tiingo_api_key is not set" in answer.stdout
    assert "no AWS credentials" in answer.stdout
