"""No secret is written down: all that the other tests have left is searched, at the end of every group."""

from pathlib import Path

import pytest

from tests.template import CONFIGURED
from tests.terraform.account import Account
from tests.terraform.traces import files_below, states_of, traces

pytestmark = [pytest.mark.terraform, pytest.mark.usefixtures("mirror")]

# What a group deploys from.
GROUPS = {
    "platform": {"bootstrap", "dev", "prod", "cdktn", "provider6"},
    "changes": {"dev", "other"},
    "refused": {"wrong", "missing", "early", "local"},
    "interrupted": {"dev", "lost"},
    "roles": {"dev"},
    "review": {"review"},
}
# They make up their secrets themselves, and search what they say or leave.
SEARCHES_ITSELF = {"demo", "serve", "end_to_end", "policy"}


@pytest.mark.parametrize(
    "group", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in GROUPS]
)
def test_no_secret_is_in_any_file_of_the_run_nor_in_any_state(
    group: str, folder: Path, accounts: list[Account], unwritten: set[str]
) -> None:
    files = dict(files_below(folder))
    states = [state for account in accounts for state in states_of(account)]
    assert traces(unwritten, [*files.items(), *states]) == []

    # All was there to be searched: terminals, synthesized code and the account's own log.
    assert {name.split("-")[0] for name in files} >= GROUPS[group] | {"aws"}, "run it with its group's tests"
    names = {Path(name).name for name in files}
    local_states = {"terraform.parakeet-bootstrap.tfstate"} if group == "platform" else set()
    assert names >= {"cdk.tf.json", "aws.log"} | local_states
    assert any("cdktf deploy" in name or "terraform apply" in name for name in names)
    # And the search does find: what is no secret is in the states of every environment.
    for environment in {"platform": ("dev", "prod"), "review": (), "refused": ()}.get(group, ("dev",)):
        found = traces([CONFIGURED[environment].api.access_audience], states)
        assert environment in {name.split("/")[1] for name in found}
