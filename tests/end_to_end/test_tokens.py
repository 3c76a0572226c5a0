"""Who gets in: the same for API Gateway's own authorizer and, deployed in its place, for ours."""

import pytest

from local.access.keys import SigningKeys
from tests.end_to_end.forged import GOOD, NAMES, forged
from tests.end_to_end.served import HEADER, Api, Served, error, placed
from tests.template import changed
from tests.terraform.deployments import synthesize_changed
from tests.terraform.direct_workspace import DirectWorkspace
from tests.terraform.traces import SHORTEST

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("end_to_end")]

# API Gateway's own cannot tell an organisation's token from an application's: that the audience is the
# application's is what keeps those out.
JWT_CANNOT_TELL = {"of an organisation"}


@pytest.fixture(scope="module")
def tokens(served: Served, unwritten: set[str]) -> dict[str, str]:
    """A good one and forged ones, by name."""
    team = served.platform.team
    keys = SigningKeys(served.platform.folder / "access")
    tokens = forged(keys, issuer=team.issuer, audience=team.audience)
    # Those of another key than the team's.
    unwritten.update(
        header for token in tokens.values() if len(header := token.partition(".")[0]) >= SHORTEST
    )
    assert tokens.keys() == {GOOD, *NAMES}
    return tokens


def answered(served: Served, token: str) -> int:
    """What a reader with that token is answered, and nobody learns more than that."""
    with served.api(None) as api:
        answer = api.get("/trades", headers={HEADER: token})
    return answer.status_code


@pytest.mark.parametrize("name", [name for name in NAMES if name not in JWT_CANNOT_TELL])
def test_api_gateways_authorizer_lets_no_forged_token_in(
    served: Served, tokens: dict[str, str], name: str
) -> None:
    assert answered(served, tokens[GOOD]) == 200
    assert answered(served, tokens[name]) == 401


def test_every_route_but_health_is_closed_to_those_without_a_token(served: Served, anonymous: Api) -> None:
    for path in (
        "/trades",
        "/trades/1",
        "/trades/metrics/portfolio",
        "/data/status",
        "/strategies",
        "/scanner",
    ):
        answer = anonymous.get(path)
        assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"}), path
    for method, path in (("POST", "/trades"), ("PATCH", "/trades/1"), ("DELETE", "/trades/1")):
        assert anonymous.request(method, path, json={}).status_code == 401
    health = anonymous.get("/health")
    assert (health.status_code, health.json()["status"]) == (200, "ok")
    # Nothing but the header that Cloudflare sets counts.
    token = served.platform.team.tokens.person("trader@parakeet.example")
    assert anonymous.get("/trades", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert anonymous.get("/trades", params={"jwt": token}).status_code == 401


# With the function that the configuration offers in API Gateway's place


@pytest.fixture(scope="module")
def with_lambda_authorizer(served: Served) -> Served:
    """The same dev, updated; every request is then decided by `functions/authorizer`."""
    platform = served.platform
    assert isinstance(platform.workspace, DirectWorkspace)
    synthesize_changed(platform.workspace, api={"authorizer": "lambda"})
    platform.workspace.deploy(platform.stack, synthesized=True)
    served.settings = changed(served.settings, api={"authorizer": "lambda"})
    return served


def test_our_authorizer_lets_the_same_people_in_and_trades_knows_them(with_lambda_authorizer: Served) -> None:
    team = with_lambda_authorizer.platform.team.tokens
    person, service = team.person("trader@parakeet.example"), team.service("backtests.access")
    for token, name in ((person, "trader@parakeet.example"), (service, "backtests.access")):
        with with_lambda_authorizer.api(token) as api:
            assert placed(api)["changed_by"] == name


@pytest.mark.parametrize("name", NAMES)
def test_our_authorizer_lets_no_forged_token_in(
    with_lambda_authorizer: Served, tokens: dict[str, str], name: str
) -> None:
    assert answered(with_lambda_authorizer, tokens[GOOD]) == 200
    # API Gateway answers itself where its identity source is missing, and 403 where the function says no.
    assert answered(with_lambda_authorizer, tokens[name]) == (401 if name == "empty" else 403)


def test_our_authorizer_is_asked_by_this_api_alone_and_may_do_nothing(with_lambda_authorizer: Served) -> None:
    served = with_lambda_authorizer
    name = served.called("authorizer")
    policies = served.account.client("iam").list_role_policies(RoleName=name)["PolicyNames"]
    assert policies == ["write-log"]
    with served.person() as api:
        assert error(api.get("/trades/999999999")) == (404, "not_found")
    client = served.account.client("lambda")
    client.remove_permission(FunctionName=name, Qualifier="live", StatementId="invoke-authorizer")
    with served.person("another@parakeet.example") as api:
        assert api.get("/trades").status_code == 500
    served.platform.workspace.terraform(served.platform.stack, "apply", "-auto-approve", "-input=false")
    with served.person("yet-another@parakeet.example") as api:
        assert api.get("/trades").status_code == 200
