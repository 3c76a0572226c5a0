"""The authorizers of an HTTP API, as they are listed."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.embedded_aws import EmbeddedAws

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with EmbeddedAws(tmp_path_factory.mktemp("aws") / "aws.log") as aws:
        yield aws.client("apigatewayv2")


def test_all_of_an_apis_authorizers_are_listed_as_each_is_told_alone(gateway: Any) -> None:
    apis = [gateway.create_api(Name=name, ProtocolType="HTTP")["ApiId"] for name in ("ours", "another")]
    made = [
        gateway.create_authorizer(
            ApiId=api,
            Name=name,
            AuthorizerType="JWT",
            IdentitySource=["$request.header.Token"],
            JwtConfiguration={"Audience": [name], "Issuer": "https://team.example"},
        )["AuthorizerId"]
        for api, name in ((apis[0], "one"), (apis[0], "two"), (apis[1], "three"))
    ]
    listed = gateway.get_authorizers(ApiId=apis[0])["Items"]
    alone = [gateway.get_authorizer(ApiId=apis[0], AuthorizerId=each) for each in made[:2]]
    assert listed == [{name: told[name] for name in listed[0]} for told in alone]
    assert [each["JwtConfiguration"]["Audience"] for each in listed] == [["one"], ["two"]]
