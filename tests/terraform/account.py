"""What an embedded AWS says is really there."""

import base64
import hashlib
import json
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from config.environments import ENVIRONMENTS
from config.names import LIVE
from config.target import Target
from config.terraform import LOCK_TABLE, STATE_BUCKET
from local.embedded_aws import EmbeddedAws
from stacks.application import application
from tests.rendered import Rendered
from tests.template import read_templates

Document = dict[str, Any]


@dataclass(frozen=True)
class State:
    """A state as the bucket has it."""

    content: bytes

    @property
    def serial(self) -> int:
        return int(json.loads(self.content)["serial"])

    @property
    def lineage(self) -> str:
        return str(json.loads(self.content)["lineage"])

    @property
    def addresses(self) -> set[str]:
        """Of the resources that Terraform knows to be there, without the data sources.

        What it has just begun to make is in a state, too, without an instance.
        """
        resources = json.loads(self.content)["resources"]
        return {
            f"{each['type']}.{each['name']}"
            for each in resources
            if each["mode"] == "managed" and each["instances"]
        }

    @property
    def digest(self) -> str:
        """As the lock table keeps it."""
        return hashlib.md5(self.content, usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Invoked:
    """What came of one invocation of a function."""

    answer: Any
    error: str | None
    """As `Unhandled`, where it failed."""
    version: str
    log: str
    """Its last 4 KB."""


class Account:
    """An embedded AWS's account, asked with boto3."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        self.client = cache(aws.client)

    def credentials_of(self, role: str) -> dict[str, str]:
        """The variables with which programs are the deployment role of that name, for an hour."""
        arn = self.client("iam").get_role(RoleName=role)["Role"]["Arn"]
        issued = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": issued["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": issued["SecretAccessKey"],
            "AWS_SESSION_TOKEN": issued["SessionToken"],
        }

    def pages(self, service: str, operation: str, result: str, **arguments: Any) -> list[Any]:
        """All that a paginated operation lists under `result`."""
        pages = self.client(service).get_paginator(operation).paginate(**arguments)
        return [item for page in pages for item in page.get(result, [])]

    def invoke(self, function: str, event: object) -> Invoked:
        """Run what is live of a deployed function, as Lambda's Invoke API does, and wait for it."""
        invoked = self.client("lambda").invoke(
            FunctionName=function, Qualifier=LIVE, Payload=json.dumps(event).encode(), LogType="Tail"
        )
        return Invoked(
            json.load(invoked["Payload"]),
            invoked.get("FunctionError"),
            invoked["ExecutedVersion"],
            base64.b64decode(invoked["LogResult"]).decode(),
        )

    def api(self, name: str) -> Document:
        """The HTTP API of that name."""
        [api] = [api for api in self.client("apigatewayv2").get_apis()["Items"] if api["Name"] == name]
        found: Document = api
        return found

    def create_state_backend(self) -> None:
        """Make what `parakeet-bootstrap` makes, without its waiting and what the backend does not need."""
        s3 = self.client("s3")
        s3.create_bucket(Bucket=STATE_BUCKET)
        s3.put_bucket_versioning(Bucket=STATE_BUCKET, VersioningConfiguration={"Status": "Enabled"})
        self.client("dynamodb").create_table(
            TableName=LOCK_TABLE,
            AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        with tempfile.TemporaryDirectory() as outdir:
            application(ENVIRONMENTS, Target(is_aws=False), outdir).synth()
            for name, path, text in Rendered(read_templates(Path(outdir))["parakeet-bootstrap"]).policies():
                self.client("iam").create_policy(PolicyName=name, Path=path, PolicyDocument=text)

    def states(self, environment: str) -> list[State]:
        """Every version of the environment's state, oldest first."""
        key = f"{environment}/terraform.tfstate"
        s3 = self.client("s3")
        versions = [
            version
            for version in self.pages(
                "s3", "list_object_versions", "Versions", Bucket=STATE_BUCKET, Prefix=key
            )
            if version["Key"] == key
        ]
        bodies = [
            s3.get_object(Bucket=STATE_BUCKET, Key=key, VersionId=version["VersionId"])["Body"].read()
            for version in versions
        ]
        return sorted(map(State, bodies), key=lambda state: state.serial)

    def state(self, environment: str) -> State | None:
        """The environment's state, if it has one."""
        key = f"{environment}/terraform.tfstate"
        if key not in self.state_keys():
            return None
        return State(self.client("s3").get_object(Bucket=STATE_BUCKET, Key=key)["Body"].read())

    def state_keys(self) -> list[str]:
        """The keys of the state bucket: states and lock files."""
        listed = self.client("s3").list_objects_v2(Bucket=STATE_BUCKET)
        return [entry["Key"] for entry in listed.get("Contents", [])]

    def state_digest(self, environment: str) -> str | None:
        """MD5 of the state, as the lock table has it."""
        item = self._lock_item(f"{environment}/terraform.tfstate-md5")
        return item["Digest"]["S"] if item else None

    def locks(self, environment: str) -> dict[str, str]:
        """Who holds a lock of the environment's state: the lock's ID in the table and in the bucket."""
        held = {}
        item = self._lock_item(f"{environment}/terraform.tfstate")
        if item:
            held["table"] = json.loads(item["Info"]["S"])["ID"]
        key = f"{environment}/terraform.tfstate.tflock"
        if key in self.state_keys():
            body = self.client("s3").get_object(Bucket=STATE_BUCKET, Key=key)["Body"]
            held["bucket"] = json.load(body)["ID"]
        return held

    def _lock_item(self, key: str) -> Document | None:
        item: Document | None = (
            self.client("dynamodb")
            .get_item(
                TableName=LOCK_TABLE, Key={"LockID": {"S": f"{STATE_BUCKET}/{key}"}}, ConsistentRead=True
            )
            .get("Item")
        )
        return item
