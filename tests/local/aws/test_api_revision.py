"""What the embedded AWS says of when its APIs changed."""

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from local.aws.api_revision import REVISION_PATH, ApiRevision


@Request.application
def _aws(request: Request) -> Response:
    if request.args.get("fails"):
        raise RuntimeError
    return Response(status=404 if "gone" in request.path else 200)


def revision(client: Client) -> str:
    return client.get(REVISION_PATH).get_data(as_text=True)


@pytest.mark.parametrize(
    "path", ["/v2/apis", "/v2/apis/a/routes/r", "/v2/domainnames/d/apimappings", "/moto-api/reset"]
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_after_each_call_that_may_have_changed_an_api_it_is_another(method: str, path: str) -> None:
    client = Client(ApiRevision(_aws))
    seen = {revision(client)}
    for _ in range(3):
        client.open(path, method=method)
        seen.add(revision(client))
    assert len(seen) == 4


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v2/apis/a/routes"), ("POST", "/"), ("PUT", "/bucket/v2/apis")]
)
def test_other_calls_leave_it_as_it_is(method: str, path: str) -> None:
    client = Client(ApiRevision(_aws))
    before = revision(client)
    client.open(path, method=method)
    assert revision(client) == before


def test_a_call_that_failed_may_have_changed_something_too() -> None:
    client = Client(ApiRevision(_aws))
    before = revision(client)
    with pytest.raises(RuntimeError):
        client.post("/v2/apis?fails=1")
    assert revision(client) != before


def test_another_run_never_has_the_same() -> None:
    assert revision(Client(ApiRevision(_aws))) != revision(Client(ApiRevision(_aws)))
