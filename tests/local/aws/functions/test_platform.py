"""A function of the platform, packed as it is deployed."""

from pathlib import Path

import pytest

from local.embedded_aws import EmbeddedAws
from packages.function import pack
from packages.layer import built, twin
from tests.local.aws.functions.account import LOG, Account

pytestmark = pytest.mark.integration


def test_deployed_package_runs_here_with_the_twins_of_its_layers(tmp_path: Path) -> None:
    package = pack("authorizer")
    twins = {layer: twin(layer).path for layer in package.layers}
    with EmbeddedAws(tmp_path / "log", twins=twins) as aws:
        account = Account(aws, twin=tmp_path, functions_log=tmp_path)
        client, s3 = account.client("lambda"), account.client("s3")
        s3.create_bucket(Bucket="packages")
        layers = []
        for layer in package.layers:
            s3.upload_file(str(built(layer).path), "packages", layer)
            version = client.publish_layer_version(
                LayerName=layer, Content={"S3Bucket": "packages", "S3Key": layer}
            )
            layers.append(version["LayerVersionArn"])
        client.create_function(
            FunctionName="authorizer",
            Runtime="python3.13",
            Architectures=["arm64"],
            Role=account.role(LOG),
            Handler="functions.authorizer.handler.handler",
            Code={"ZipFile": package.archive.write(tmp_path).read_bytes()},
            Layers=layers,
            Timeout=20,
            Environment={
                "Variables": {
                    "ENVIRONMENT": "dev",
                    "ACCESS_ISSUER": "https://team.cloudflareaccess.com",
                    "ACCESS_KEYS_URL": "http://127.0.0.1:9/certs",
                    "ACCESS_AUDIENCE": "a" * 64,
                    "LOG_LEVEL": "INFO",
                }
            },
        )
        event = {"version": "2.0", "type": "REQUEST", "identitySource": ["no token"]}
        assert account.invoke("authorizer", event).payload == {"isAuthorized": False}
        assert any('"reason":"not three parts of base64url"' in line for line in account.log("authorizer"))
