"""What the tests of functions do with an embedded AWS."""

import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.config import Config

from local.embedded_aws import REGION, EmbeddedAws

Found = TypeVar("Found")
LOG = {
    "Effect": "Allow",
    "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
    "Resource": "*",
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


@dataclass(frozen=True)
class Answer:
    """What Invoke answered."""

    payload: Any
    error: str | None
    response: Mapping[str, Any]


def archive(files: Mapping[str, str | bytes]) -> bytes:
    """A zip archive of the files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as opened:
        for name, text in files.items():
            opened.writestr(name, text)
    return content.getvalue()


class Account:
    """An embedded AWS as a person with all rights sees it."""

    def __init__(self, aws: EmbeddedAws, *, twin: Path, functions_log: Path) -> None:
        self.aws = aws
        self.twin = twin
        self.functions_log = functions_log
        self._keys = aws.variables({})
        self.client = cache(self._client)

    def _client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.aws.endpoint,
            region_name=REGION,
            aws_access_key_id=self._keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self._keys["AWS_SECRET_ACCESS_KEY"],
            # What is refused is to be seen, not tried again.
            config=Config(retries={"total_max_attempts": 1}, read_timeout=30, proxies={}),
        )

    def role(self, *may: Mapping[str, Any], trust: Mapping[str, Any] = TRUST) -> str:
        """The ARN of a new role with these statements, and no other."""
        iam, name = self.client("iam"), f"role-{uuid.uuid4().hex[:8]}"
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        if may:
            document = {"Version": "2012-10-17", "Statement": may}
            iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=json.dumps(document))
        return str(made["Role"]["Arn"])

    def function(self, source: str = "", *, role: str | None = None, **settings: Any) -> str:
        """The name of a new function with this `app.py`, entered at `handler`, that may write its log."""
        settings.setdefault("Handler", "app.handler")
        settings.setdefault("Code", {"ZipFile": archive({"app.py": source})})
        name = f"function-{uuid.uuid4().hex[:8]}"
        self.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=role or self.role(LOG),
            **settings,
        )
        return name

    def invoke(self, name: str, event: Any = None, **parameters: Any) -> Answer:
        """Invoke it synchronously."""
        response = self.client("lambda").invoke(
            FunctionName=name, Payload=json.dumps(event if event is not None else {}), **parameters
        )
        payload = response["Payload"].read()
        return Answer(json.loads(payload) if payload else None, response.get("FunctionError"), response)

    def layer(self, files: Mapping[str, str | bytes]) -> str:
        """The ARN of a new layer's version."""
        published = self.client("lambda").publish_layer_version(
            LayerName=f"layer-{uuid.uuid4().hex[:8]}", Content={"ZipFile": archive(files)}
        )
        return str(published["LayerVersionArn"])

    def queue(self, policy: Mapping[str, Any] | None = None) -> tuple[str, str]:
        """URL and ARN of a new queue."""
        sqs = self.client("sqs")
        attributes = {"Policy": json.dumps(policy)} if policy else {}
        url = sqs.create_queue(QueueName=f"queue-{uuid.uuid4().hex[:8]}", Attributes=attributes)["QueueUrl"]
        got = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return url, got["Attributes"]["QueueArn"]

    def messages(self, url: str) -> list[dict[str, Any]]:
        """What is in the queue."""
        received = self.client("sqs").receive_message(
            QueueUrl=url, MessageAttributeNames=["All"], VisibilityTimeout=0
        )
        return list(received.get("Messages", []))

    def log(self, name: str) -> list[str]:
        """The messages in the function's log group."""
        logs = self.client("logs")
        try:
            found = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for event in found]


def eventually(look: Callable[[], Found], seconds: float = 10) -> Found:
    """What `look` finds, once it is something."""
    end = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.02)
    return found
