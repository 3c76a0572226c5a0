"""What a program says that cannot go on."""

import signal
import subprocess
import sys

import pytest

from config.errors import OneLineError, in_one_line

PROGRAM = """
import signal, sys, time
from config.errors import in_one_line

@in_one_line()
def main():
    # A shell's job in the background takes no notice of it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    print("begun", flush=True)
    time.sleep(60)

sys.exit(main())
"""


class FaultError(OneLineError):
    pass


@in_one_line(failed=2)
def program(fault: Exception | None) -> int:
    if fault:
        raise fault
    return 1


def test_an_error_for_a_person_is_all_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert program(FaultError("PORT = 1: taken")) == 2
    assert capsys.readouterr() == ("", "PORT = 1: taken\n")


def test_a_program_that_ends_by_itself_has_its_own_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert program(None) == 1
    assert capsys.readouterr() == ("", "")


def test_an_error_of_our_own_is_not_hidden() -> None:
    with pytest.raises(KeyError):
        program(KeyError("ours"))


@pytest.mark.integration
def test_ctrl_c_leaves_no_traceback() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=30) == ("", "")
    assert process.returncode == 130


MANY_LINES = """
import sys
from config.errors import in_one_line

@in_one_line()
def main():
    for number in range(100_000):
        print(number, flush={flush})
    return 0

sys.exit(main())
"""


@pytest.mark.integration
@pytest.mark.parametrize("flush", [True, False])
def test_nothing_is_said_where_nobody_reads_on(flush: bool) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", MANY_LINES.format(flush=flush)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "0\n"
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141


def test_another_pipe_that_breaks_is_not_hidden() -> None:
    with pytest.raises(BrokenPipeError):
        program(BrokenPipeError("a server's"))
