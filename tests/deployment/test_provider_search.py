"""Who has no keys is spared to name a mirror; who has some looks nowhere."""

import re
from pathlib import Path

import pytest

from deployment.programs import PrerequisiteError
from deployment.provider_search import find_provider_mirror
from tests.deployment.programs import PLATFORM, PROJECT, add_provider
from tests.sources import SOURCES

# What holds somebody's keys when it runs Terraform.
DEPLOY = ("deployment", "review/real_plan.py")
# What runs it without: against an embedded AWS, or no AWS at all.
SEARCH = ("benchmarks", "local", "policy", "portability", "review/planner.py", "tests")


def test_nothing_that_deploys_runs_a_provider_that_it_came_across() -> None:
    searching = {
        str(file.relative_to(PROJECT))
        for folder in SOURCES
        for file in sorted((PROJECT / folder).rglob("*.py"))
        if re.search(r"^(from|import) .*\bprovider_search\b", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert searching
    assert not [file for file in searching if file.startswith(DEPLOY) or not file.startswith(SEARCH)]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "place",
    [
        "home/.terraform.d/plugins",
        "home/.local/share/terraform/plugins",
        "home/.terraform.d/plugin-cache",
        "share/terraform/plugins",
        "opt",
        "opt/mirror",
        "opt/terraform/providers",
    ],
)
def test_a_mirror_is_found_in_the_usual_places(
    variables: dict[str, str], tmp_path: Path, place: str, packed: bool
) -> None:
    mirror = add_provider(tmp_path / place, packed=packed)
    assert find_provider_mirror(PLATFORM, variables) == mirror


def test_the_named_mirror_comes_first_then_terraforms_own_then_add_ons(
    variables: dict[str, str], tmp_path: Path
) -> None:
    add_on = add_provider(tmp_path / "opt/mirror")
    assert find_provider_mirror(PLATFORM, variables) == add_on
    own = add_provider(tmp_path / "home/.terraform.d/plugins")
    assert find_provider_mirror(PLATFORM, variables) == own
    named = add_provider(tmp_path / "elsewhere")
    assert find_provider_mirror(PLATFORM, variables | {"PARAKEET_PROVIDER_MIRROR": str(named)}) == named


def test_a_mirror_for_another_platform_is_not_taken(variables: dict[str, str], tmp_path: Path) -> None:
    add_provider(tmp_path / "opt/mirror")
    assert find_provider_mirror("darwin_arm64", variables) is None


def test_a_named_mirror_without_the_provider_is_an_error_and_no_reason_to_search(
    variables: dict[str, str], tmp_path: Path
) -> None:
    add_provider(tmp_path / "opt/mirror")
    with pytest.raises(PrerequisiteError, match=r"PARAKEET_PROVIDER_MIRROR is .*nowhere"):
        find_provider_mirror(PLATFORM, variables | {"PARAKEET_PROVIDER_MIRROR": str(tmp_path / "nowhere")})


def test_a_cli_configuration_that_is_not_there_is_no_reason_not_to_search(
    variables: dict[str, str], tmp_path: Path
) -> None:
    mirror = add_provider(tmp_path / "opt/mirror")
    missing = variables | {"TF_CLI_CONFIG_FILE": str(tmp_path / "missing")}
    assert find_provider_mirror(PLATFORM, missing) == mirror


def test_where_a_person_has_a_cli_configuration_it_says_where_providers_come_from(
    own_configuration: dict[str, str], tmp_path: Path
) -> None:
    add_provider(tmp_path / "opt/mirror")
    assert find_provider_mirror(PLATFORM, own_configuration) is None
