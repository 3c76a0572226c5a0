"""What a trial finds wrong, and what is said of it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from portability import __main__ as program
from portability.__main__ import main, report
from portability.arguments import Interface
from portability.library import Library, Stated
from portability.project import PortabilityError
from portability.trial import Synthesized, Trial

BEFORE: dict[str, Any] = {"version": "5", "resource": {"aws_s3_bucket": {"cache": {"bucket": "cache"}}}}
AFTER = {**BEFORE, "version": "6"}
LIBRARY = Library(
    "other",
    "Another library",
    {},
    (Stated("stacks/*/cdk.tf.json", "version", "5", "6", "it asks for another provider"),),
    {"region": "a resource may say its own"},
    {"a bucket's region": (r"aws_s3_bucket\.\w+\.region\b", "it means something else")},
)


def synthesized(
    folder: Path, document: Mapping[str, Any], interface: Interface, *complaints: str
) -> Synthesized:
    file = folder / "stacks/parakeet-dev/cdk.tf.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(document), encoding="utf-8")
    return Synthesized(folder, complaints, interface)


def trial(
    folder: Path,
    before: Mapping[str, Any] = BEFORE,
    after: Mapping[str, Any] = AFTER,
    *complaints: str,
    interface: Interface = {"S3Bucket": {"bucket": False, "region": False}},  # noqa: B006 - is not changed
) -> Trial:
    return Trial(
        LIBRARY,
        synthesized(folder / "before", before, {"S3Bucket": {"bucket": False}}),
        synthesized(folder / "after", after, interface, *complaints),
    )


def test_nothing_is_wrong_if_all_that_differs_is_stated(tmp_path: Path) -> None:
    assert list(trial(tmp_path).wrong()) == []


def test_a_resource_at_another_address_is_wrong(tmp_path: Path) -> None:
    after = {**AFTER, "resource": {"aws_s3_bucket": {"cash": {"bucket": "cache"}}}}
    wrong = list(trial(tmp_path, BEFORE, after).wrong())
    assert "not at the same address: parakeet-dev: aws_s3_bucket.cache" in wrong
    assert "not at the same address: parakeet-dev: aws_s3_bucket.cash" in wrong


def test_bindings_that_do_not_know_what_they_find_are_wrong(tmp_path: Path) -> None:
    line = "bindings: it is not the one it knows"
    assert list(trial(tmp_path, BEFORE, AFTER, line).wrong()) == [line]


def test_arguments_that_are_lost_or_no_longer_new_are_wrong(tmp_path: Path) -> None:
    assert list(trial(tmp_path, interface={"S3Bucket": {}}).wrong()) == [
        "S3Bucket.bucket is gone",
        "no longer new: region",
    ]


def test_what_is_deprecated_is_wrong_where_it_is_used(tmp_path: Path) -> None:
    output = {"output": {"where": {"value": "${aws_s3_bucket.cache.region}"}}}
    assert list(trial(tmp_path, BEFORE | output, AFTER | output).wrong()) == [
        "deprecated, but used in parakeet-dev: a bucket's region"
    ]


def test_the_report_counts_what_is_stated_and_gives_the_reasons(tmp_path: Path) -> None:
    text = "\n".join(report(trial(tmp_path)))
    assert "1 resources, data sources and outputs, each at its address" in text
    assert "1 values differ, 1 of them as stated" in text
    assert "1 x version: 5 → 6\n      it asks for another provider" in text
    assert "region, in 1 of them\n      a resource may say its own" in text


@pytest.mark.parametrize(("after", "status"), [(AFTER, 0), (BEFORE, 1)], ids=["as stated", "otherwise"])
def test_the_exit_code_says_whether_all_is_as_stated(
    after: Mapping[str, Any],
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(program, "trials", lambda *_: [trial(tmp_path, BEFORE, after)])
    assert main([]) == status
    no_longer = "other: no longer so: stacks/*/cdk.tf.json: version: 5 → 6\n"
    assert capsys.readouterr().err == (no_longer if status else "")


def test_a_trial_that_cannot_be_made_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def trials(*_: object) -> list[Trial]:
        raise PortabilityError("bindings/ does not name cdktf")

    monkeypatch.setattr(program, "trials", trials)
    assert main([]) == 2
    assert capsys.readouterr().err == "bindings/ does not name cdktf\n"
