"""Functions of the platform, packed as they are deployed."""

import io
import zipfile
from collections.abc import Iterator, Mapping

import pytest

from local.embedded_aws import EmbeddedAws
from packages.function import pack
from packages.layer import LAYERS, built, twin
from tests.local.aws.functions.account import Account

pytestmark = pytest.mark.integration

ACCESS = {
    "ACCESS_ISSUER": "https://team.cloudflareaccess.com",
    "ACCESS_KEYS_URL": "http://127.0.0.1:9/certs",
    "ACCESS_AUDIENCE": "a" * 64,
}
LOADED = """
import sys
from functions.authorizer import handler as authorizer
def handler(event, context): return authorizer.handler(event, context), list(sys.modules)
"""
VERSION = """
from functions.runtime.variables import Variables
def handler(event, context): return Variables.read().code_version
"""


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An account whose functions may have the platform's layers."""
    folder = tmp_path_factory.mktemp("aws")
    with EmbeddedAws(folder / "aws.log", twins={name: twin(name).path for name in LAYERS}) as aws:
        account = Account(aws, twin=folder, functions_log=folder)
        account.client("s3").create_bucket(Bucket="packages")
        yield account


def deployed(account: Account, function: str, variables: Mapping[str, str], ask: str | None = None) -> str:
    """The name of the platform's function, deployed with these variables and no others.

    `ask` is entered in its handler's place, and lies beside its code.
    """
    package = pack(function)
    content = io.BytesIO(package.archive.content)
    if ask:
        with zipfile.ZipFile(content, "a") as opened:
            opened.writestr("ask.py", ask)
    return account.function(
        Architectures=["arm64"],
        Handler="ask.handler" if ask else f"functions.{function}.handler.handler",
        Code={"ZipFile": content.getvalue()},
        Layers=[layer(account, each) for each in package.layers],
        Timeout=20,
        Environment={"Variables": variables},
    )


def layer(account: Account, name: str) -> str:
    """The ARN of the platform's layer, deployed."""
    account.client("s3").upload_file(str(built(name).path), "packages", name)
    content = {"S3Bucket": "packages", "S3Key": name}
    version = account.client("lambda").publish_layer_version(LayerName=name, Content=content)
    return str(version["LayerVersionArn"])


def test_deployed_package_runs_here_with_the_twins_of_its_layers(account: Account) -> None:
    name = deployed(account, "authorizer", ACCESS)
    event = {"version": "2.0", "type": "REQUEST", "identitySource": ["no token"]}
    assert account.invoke(name, event).payload == {"isAuthorized": False}
    assert any('"reason":"not three parts of base64url"' in line for line in account.log(name))


def test_the_authorizer_denies_without_variables_and_imports_nothing_heavy(account: Account) -> None:
    name = deployed(account, "authorizer", {}, LOADED)
    answer, modules = account.invoke(name).payload
    assert answer == {"isAuthorized": False}
    assert any('"reason":"not set: ACCESS_ISSUER, ' in line for line in account.log(name))
    assert not {"boto3", "botocore.session", "pydantic", "httpx", "jwt"} & set(modules)


def test_the_version_is_the_packages_own_and_no_variable_says_another(account: Account) -> None:
    variables = {"ENVIRONMENT": "dev", "POWERTOOLS_SERVICE_NAME": "trades", "CODE_VERSION": "another"}
    name = deployed(account, "trades", variables, VERSION)
    assert account.invoke(name).payload == pack("trades").version
