"""The pages of a corpus of changes, as snapshots: a reviewer of this program reads what its readers get."""

from collections.abc import Callable, Mapping
from functools import cache

import pytest
from syrupy.assertion import SnapshotAssertion

from review.finding import Folded, Part
from review.page import as_json, markdown
from review.stack import Stack
from tests.review.corpus import CORPUS
from tests.review.documents import assess, changed
from tests.review.github import assert_rendered_whole
from tests.snapshot_files import PageFile

# Said on every update, since a file is named after its change and not after the test.
pytestmark = pytest.mark.filterwarnings("ignore:[\\s\\S]*Can not relate snapshot (name|location):UserWarning")


Assess = Callable[[str], list[Folded]]


Revision = Callable[[str], Mapping[str, Stack]]


@pytest.fixture(scope="module")
def new(old: Mapping[str, Stack]) -> Revision:
    """The stacks after a change of the corpus, made once for all tests, as is what is said of them."""
    return cache(lambda name: changed(old, CORPUS[name]))


@pytest.fixture(scope="module")
def assess_change(old: Mapping[str, Stack], new: Revision) -> Assess:
    """What is said of a change of the corpus."""
    return cache(lambda name: assess(old, new(name)))


@pytest.fixture(scope="module")
def assess_way_back(old: Mapping[str, Stack], new: Revision) -> Assess:
    """What is said where a change of the corpus is taken back."""
    return cache(lambda name: assess(new(name), old))


@pytest.mark.parametrize("name", CORPUS)
def test_a_change_gives_the_page_that_was_reviewed(
    name: str, assess_change: Assess, snapshot: SnapshotAssertion
) -> None:
    page = markdown(assess_change(name), "main")
    assert page == snapshot(extension_class=PageFile, name=name)


HARMLESS = (
    "nothing",
    "blocks_and_sets_are_in_another_order",
    "cdktfs_own_notes_change",
    "a_bucket_is_named_by_its_id",
)


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_only_written_otherwise_is_no_change(name: str, assess_change: Assess) -> None:
    assert assess_change(name) == []


@pytest.mark.parametrize(
    "name",
    [
        "statements_are_written_otherwise_and_allow_the_same",
        "a_policy_is_given_as_json_and_allows_the_same",
        "a_role_has_another_address_and_the_same_name",
    ],
)
def test_an_equal_set_of_permissions_written_otherwise_is_none(name: str, assess_change: Assess) -> None:
    parts = {finding.part for finding in assess_change(name)}
    assert parts == {Part.REST}


@pytest.mark.parametrize("name", CORPUS)
def test_no_page_shows_what_might_be_a_secret(name: str, assess_change: Assess) -> None:
    findings = assess_change(name)
    assert "canary" not in markdown(findings, "main") + as_json(findings, "main")


@pytest.mark.parametrize("name", [name for name in CORPUS if name not in HARMLESS])
def test_every_change_is_on_its_page_whichever_way_it_goes(
    name: str, assess_change: Assess, assess_way_back: Assess
) -> None:
    assert assess_change(name)
    assert assess_way_back(name)


@pytest.mark.parametrize("name", CORPUS)
def test_every_finding_is_a_row_that_loses_no_letter(
    name: str, assess_change: Assess, assess_way_back: Assess
) -> None:
    assert_rendered_whole(assess_change(name))
    assert_rendered_whole(assess_way_back(name))
