"""The page stays within what a comment takes, says what it leaves out, and its data is all of it."""

import json
from collections.abc import Mapping

import pytest

from config.errors import OneLineError
from review.__main__ import main
from review.assessment import assessed
from review.finding import Finding, Folded, Part, fold
from review.page import LIMIT, as_json, failing, markdown
from review.stack import Stack
from tests.review.corpus import CORPUS
from tests.review.documents import assess, changed, texts
from tests.review.github import GITHUB, rows


def lines(number: int, part: Part = Part.REST) -> list[Folded]:
    return [
        Folded(part, ("parakeet-dev",), f"`aws_x.y{index}` {'added ' * 20}", "x") for index in range(number)
    ]


def test_a_page_is_cut_below_the_limit_and_says_how_much_is_missing() -> None:
    findings = [*lines(1, Part.DATA), *lines(2000)]
    page = markdown(findings, "main")
    assert len(page) < LIMIT
    shown = page.count("| dev |")
    assert f"**Cut**: {2001 - shown} lines are not here" in page
    assert page.count("<details>") == page.count("</details>")


def test_the_most_dangerous_is_cut_last() -> None:
    page = markdown([*lines(300, Part.DATA), *lines(3000)], "main")
    assert all(f"`aws_x.y{index}`" in page for index in range(300))


@pytest.mark.parametrize("dangerous", [1, 2000])
def test_what_could_not_be_analysed_is_not_cut_for_what_could(dangerous: int) -> None:
    unknown = lines(20, Part.UNKNOWN)
    page = markdown([*lines(dangerous, Part.DATA), *lines(2000), *unknown], "main")
    assert len(page) < LIMIT
    section = page.partition("## Could not be analysed")[2]
    assert all(f"`{finding.text.split('`')[1]}`" in section for finding in unknown)
    assert page.index("## Data at risk") < page.index("## Could not be analysed")
    assert f"**Cut**: {2020 + dangerous - page.count('| dev |')} lines" in page


def test_what_could_not_be_analysed_leaves_room_for_the_dangerous() -> None:
    page = markdown([*lines(100, Part.DATA), *lines(2000, Part.UNKNOWN)], "main")
    assert len(page) < LIMIT
    data = page.partition("## Could not be analysed")[0]
    assert all(f"`aws_x.y{index}`" in data for index in range(100))


@pytest.mark.parametrize("text", ["x" * 70_000, f"`{'x' * 70_000}`", "|" * 70_000])
def test_a_row_that_is_too_long_is_cut_and_hides_no_other(text: str) -> None:
    long = Folded(Part.PERMISSIONS, ("parakeet-dev",), text, "")
    page = markdown([*lines(1, Part.DATA), long, *lines(20, Part.EXPOSURE), *lines(20)], "main")
    assert len(page) < LIMIT
    assert page.count("| dev |") == 42
    assert "… (**cut**, 6" in page
    assert rows(GITHUB.render(page))
    assert page.count("`") % 2 == 0


def test_json_is_never_cut() -> None:
    findings = lines(2000)
    assert len(json.loads(as_json(findings, "main"))["findings"]) == 2000


def test_no_difference_is_one_line() -> None:
    assert markdown([], "main").splitlines()[-1] == "No change."


def test_a_bar_in_a_value_breaks_no_table() -> None:
    page = markdown([Folded(Part.EXPOSURE, ("parakeet-dev",), "a|b\nc", "")], "main")
    assert "| dev | a\\|b c |" in page


def test_the_same_in_several_environments_is_said_once_and_else_by_name() -> None:
    def finding(environment: str, text: str) -> Finding:
        return Finding(Part.DATA, f"potential-parakeet-cache-{environment} {text}")

    folded = fold(
        {
            "parakeet-dev": [finding("dev", "is destroyed"), finding("dev", "expires")],
            "parakeet-prod": [finding("prod", "is destroyed")],
        }
    )
    assert {(one.stacks, one.text) for one in folded} == {
        (("parakeet-dev", "parakeet-prod"), "potential-parakeet-cache-{env} is destroyed"),
        (("parakeet-dev",), "potential-parakeet-cache-dev expires"),
    }


def test_a_part_that_must_be_empty_fails_only_if_it_is_not() -> None:
    findings = lines(1, Part.DATA)
    assert failing(findings, [Part.DATA, Part.PERMISSIONS]) == [Part.DATA]
    assert failing(findings, [Part.PERMISSIONS]) == []


@pytest.mark.parametrize(
    ("fail_on", "code"),
    [("", 0), ("permissions", 0), ("data", 1), ("exposure,rest", 1), ("permissions,cost,unknown", 0)],
)
@pytest.mark.parametrize("form", ["markdown", "json"])
def test_the_exit_code_is_1_if_a_part_that_must_be_empty_is_not(
    fail_on: str, code: int, form: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [*lines(1, Part.DATA), *lines(1)]
    monkeypatch.setattr("review.__main__.review", lambda base, **_: (base, found))
    assert main(["--format", form, "--fail-on", fail_on]) == code
    printed = capsys.readouterr()
    # The page is there all the same, and what failed is said beside it.
    assert printed.out.strip() == (as_json if form == "json" else markdown)(found, "main").strip()
    assert bool(printed.err) == bool(code)


@pytest.mark.parametrize("given", ["dta", "data,nothing"])
def test_an_unknown_part_is_refused_with_those_that_there_are(
    given: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["--fail-on", given])
    assert (
        "allowed: data, permissions, exposure, behaviour, code, cost, rest, unknown"
        in capsys.readouterr().err
    )


@pytest.mark.integration
def test_a_base_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--base", "no-such-branch"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("BASE=no-such-branch: no such revision")
    assert said.count("\n") == 1


def test_without_terraform_the_page_says_what_it_does_not_know_and_names_are_still_known_to_force(
    old: Mapping[str, Stack],
) -> None:

    def rename(document: dict[str, dict[str, dict[str, dict[str, object]]]]) -> None:
        document["resource"]["aws_sqs_queue"]["dead_letters"]["name"] = "other"

    new = changed(old, rename, "prod")
    found = assessed(old, new, OneLineError("there is no terraform on PATH"))
    assert texts(found, Part.UNKNOWN) == [
        "which changed resources are made anew: there is no terraform on PATH"
    ]
    assert texts(found, Part.DATA) == [
        (
            "queue potential-parakeet-lambda-dlq-prod is **destroyed and made anew** as queue other, "
            "its messages lost: `name` forces it"
        )
    ]


def test_a_stack_that_is_new_or_gone_is_said(old: Mapping[str, Stack]) -> None:

    fewer = {name: stack for name, stack in old.items() if name != "parakeet-prod"}
    assert any("the stack is new" in text for text in texts(assess(fewer, old), Part.REST))
    gone = texts(assess(old, fewer), Part.REST)
    assert any("no longer in the code: what it deployed stays" in text for text in gone)


def test_the_corpus_has_what_was_promised() -> None:
    assert len(CORPUS) >= 25
