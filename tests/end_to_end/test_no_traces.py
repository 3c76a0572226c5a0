"""No secret and no token is written down: all that the other tests here have left is searched, at the end."""

import pytest

from tests.end_to_end.served import TRADER, Served
from tests.terraform.traces import files_below, states_of, traces

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("end_to_end")]

# What they are kept in, closed to others: the database's password and its data, the team's signing key.
THEIR_PLACES = ("postgres", "access")


def test_no_secret_and_no_token_is_in_any_file_log_or_state(served: Served, unwritten: set[str]) -> None:
    folder = served.platform.folder
    files = dict(files_below(folder, but=THEIR_PLACES))
    states = dict(states_of(served.account))
    groups = served.account.pages("logs", "describe_log_groups", "logGroups")
    logs = {
        group["logGroupName"]: "\n".join(
            event["message"]
            for event in served.account.pages(
                "logs", "filter_log_events", "events", logGroupName=group["logGroupName"]
            )
        ).encode()
        for group in groups
    }
    assert traces(unwritten, [*files.items(), *states.items(), *logs.items()]) == []

    # All was there to be searched.
    assert {"aws.log", "functions.log", "gateway.log"} <= files.keys()
    assert any(name.startswith("workspace/logs/") and "terraform apply" in name for name in files)
    assert any(name.startswith("disks/") for name in files)
    assert states
    assert all(logs[f"/aws/lambda/{served.called(part)}"] for part in ("trades-api", "data-api", "migrate"))
    # And the search does find: what is no secret is there.
    assert traces(["potential-parakeet-trades-api"], logs.items())
    assert traces([served.settings.api.access_audience], states.items())


def test_what_holds_the_secrets_is_closed_to_others(served: Served) -> None:
    for name in ("postgres/password", "postgres/superuser_password", "postgres/data", "access"):
        assert (served.platform.folder / name).stat().st_mode & 0o077 == 0, name
    with served.person(TRADER) as api:
        assert api.get("/trades").status_code == 200
