"""What is found fails unless it is acknowledged; what is acknowledged fails unless it is found."""

from pathlib import Path

import pytest

from policy.acknowledgements import Acknowledgement, AcknowledgementError, judged, read
from policy.finding import Finding

BUCKETS = {"parakeet-dev": {"aws_s3_bucket.a", "aws_s3_bucket.b"}, "parakeet-prod": {"aws_s3_bucket.a"}}
FOUND = [
    Finding(stack, "CKV_1", bucket, what="a bucket should hum")
    for stack, buckets in BUCKETS.items()
    for bucket in sorted(buckets)
]
READS = Finding("parakeet-dev", "cloudsplaining/DataExfiltration", "aws_iam_role_policy.x", "s3:GetObject")


def acknowledged(*resources: str, **stacks: tuple[str, ...]) -> Acknowledgement:
    return Acknowledgement("CKV_1", resources, "it is a quiet one", **stacks)


def test_a_finding_that_nobody_acknowledged_fails_with_check_resource_and_what_to_do() -> None:
    (line,) = judged(FOUND[:1], [], BUCKETS)
    assert line == (
        "parakeet-dev: CKV_1: aws_s3_bucket.a: a bucket should hum\n"
        "    mend it, or acknowledge it in policy/acknowledged.toml with the reason"
    )


def test_what_is_acknowledged_resource_by_resource_passes() -> None:
    assert judged(FOUND, [acknowledged("aws_s3_bucket.a", "aws_s3_bucket.b")], BUCKETS) == []


def test_all_of_a_type_can_be_acknowledged_as_long_as_all_of_them_fail() -> None:
    every = [acknowledged("aws_s3_bucket.*")]
    assert judged(FOUND, every, BUCKETS) == []
    mended = [one for one in FOUND if one.resource != "aws_s3_bucket.b"]
    assert judged(mended, every, BUCKETS) == [
        "parakeet-dev: CKV_1: aws_s3_bucket.b does not fail it\n    take it out of policy/acknowledged.toml"
    ]


def test_an_acknowledgement_for_dev_is_none_for_prod() -> None:
    (line,) = judged(FOUND[::2], [acknowledged("aws_s3_bucket.a", stacks=("parakeet-dev",))], BUCKETS)
    assert line.startswith("parakeet-prod: CKV_1: aws_s3_bucket.a")


def test_an_acknowledgement_without_stacks_is_stale_as_soon_as_one_stack_has_mended_it() -> None:
    (line,) = judged(FOUND[:1], [acknowledged("aws_s3_bucket.a")], BUCKETS)
    assert line.startswith("parakeet-prod: CKV_1: aws_s3_bucket.a does not fail it")


@pytest.mark.parametrize(
    ("stale", "says"),
    [
        (acknowledged("aws_s3_bucket.c"), "CKV_1: no stack has aws_s3_bucket.c"),
        (acknowledged("aws_s3_bucket.log_*"), "CKV_1: no stack has aws_s3_bucket.log_*"),
        (
            acknowledged("aws_s3_bucket.b", stacks=("parakeet-prod",)),
            "CKV_1: parakeet-prod has no aws_s3_bucket.b",
        ),
        (
            acknowledged("aws_s3_bucket.a", stacks=("parakeet-moon",)),
            "CKV_1: there is no stack parakeet-moon",
        ),
    ],
)
def test_an_acknowledgement_of_what_is_not_there_fails(stale: Acknowledgement, says: str) -> None:
    lines = judged([], [stale], BUCKETS)
    assert lines[0] == f"{says}\n    take it out of policy/acknowledged.toml"


def test_who_may_read_one_thing_is_not_acknowledged_to_read_another() -> None:
    planned = {"parakeet-dev": {READS.resource}}
    reads = Acknowledgement(READS.check, (READS.resource,), "it is what it is for", actions=(READS.action,))
    assert judged([READS], [reads], planned) == []
    other = Finding(READS.stack, READS.check, READS.resource, "secretsmanager:GetSecretValue")
    (line,) = judged([READS, other], [reads], planned)
    assert "secretsmanager:GetSecretValue" in line
    without = Acknowledgement(READS.check, (READS.resource,), "it is what it is for")
    assert len(judged([READS], [without], planned)) == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[acknowledged]]\nresources = ['a.b']\nreason = 'so'", "[[acknowledged]] 1: check is missing"),
        ("[[acknowledged]]\ncheck = 'C'\nresources = ['a.b']", "[[acknowledged]] 1: reason is missing"),
        ("[[acknowledged]]\ncheck = 'C'\nresources = ['a.b']\nreason = ' '", "reason = ' ': allowed"),
        ("[[acknowledged]]\ncheck = 'C'\nresources = []\nreason = 'so'", "resources = []: allowed"),
        ("[[acknowledged]]\ncheck = 'C'\nresource = ['a.b']\nreason = 'so'", "resource = ['a.b']: allowed"),
        ("[[acknowlegded]]\ncheck = 'C'", "allowed: [[acknowledged]] alone"),
        ("check =", "acknowledged.toml: "),
    ],
)
def test_an_entry_that_says_too_little_or_too_much_is_refused(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "acknowledged.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(AcknowledgementError) as refused:
        read(file)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_every_acknowledgement_has_a_reason_that_says_more_than_a_word() -> None:
    for entry in read():
        assert len(entry.reason.split()) > 5, entry
