"""KMS keys of one's own: what they demand is not emulated, so what they are for is refused."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.local.aws.authorization.serving import Aws
from tests.local.aws.authorization.statements import allow

pytestmark = pytest.mark.integration

KEY = "arn:aws:kms:us-east-1:123456789012:key/own"
Call = Callable[[Any], Any]


def _object(aws: Aws, key: str) -> Call:
    s3, bucket = aws.client("s3"), f"bucket-{uuid4().hex[:12]}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="a", Body=b"", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    return lambda client: client.get_object(Bucket=bucket, Key="a")


def _new_object(aws: Aws, key: str) -> Call:
    s3, bucket = aws.client("s3"), f"bucket-{uuid4().hex[:12]}"
    s3.create_bucket(Bucket=bucket)
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    s3.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": default}]},
    )
    return lambda client: client.put_object(Bucket=bucket, Key="a", Body=b"")


def _secret(aws: Aws, key: str) -> Call:
    secrets = aws.client("secretsmanager")
    arn = secrets.create_secret(Name=f"secret-{uuid4().hex}", SecretString="{}", KmsKeyId=key)["ARN"]
    return lambda client: client.get_secret_value(SecretId=arn)


def _queue(aws: Aws, key: str) -> Call:
    attributes = {"KmsMasterKeyId": key}
    url = aws.client("sqs").create_queue(QueueName=f"queue-{uuid4().hex}", Attributes=attributes)["QueueUrl"]
    return lambda client: client.send_message(QueueUrl=url, MessageBody="m")


def _topic(aws: Aws, key: str) -> Call:
    sns, name = aws.client("sns"), f"topic-{uuid4().hex}"
    arn = sns.create_topic(Name=name, Attributes={"KmsMasterKeyId": key})["TopicArn"]
    return lambda client: client.publish(TopicArn=arn, Message="m")


@pytest.mark.parametrize(
    ("service", "made"),
    [
        ("s3", _object),
        ("s3", _new_object),
        ("secretsmanager", _secret),
        ("sqs", _queue),
        ("sns", _topic),
    ],
)
def test_what_has_a_key_of_ones_own_is_refused_even_to_those_who_may_all(
    aws: Aws, service: str, made: Callable[[Aws, str], Call]
) -> None:
    client = aws.as_one_who_may(service, allow("*", "*"))
    made(aws, f"alias/aws/{service}")(client)
    for key in (KEY, "alias/own"):
        with pytest.raises(ClientError, match=f"what {key} demands, a KMS key of one's own, is not emulated"):
            made(aws, key)(client)


@pytest.mark.parametrize(
    ("service", "call"),
    [
        ("s3", lambda c: c.put_object(Bucket="bucket", Key="a", Body=b"", SSEKMSKeyId=KEY)),
        ("s3", lambda c: c.create_multipart_upload(Bucket="bucket", Key="a", SSEKMSKeyId=KEY)),
        ("secretsmanager", lambda c: c.create_secret(Name="secret", KmsKeyId=KEY)),
        ("secretsmanager", lambda c: c.update_secret(SecretId="secret", KmsKeyId=KEY)),
        ("sqs", lambda c: c.create_queue(QueueName="queue", Attributes={"KmsMasterKeyId": KEY})),
        ("sns", lambda c: c.create_topic(Name="topic", Attributes={"KmsMasterKeyId": KEY})),
        (
            "sns",
            lambda c: c.set_topic_attributes(
                TopicArn="arn:aws:sns:us-east-1:123456789012:topic",
                AttributeName="KmsMasterKeyId",
                AttributeValue=KEY,
            ),
        ),
        ("logs", lambda c: c.create_log_group(logGroupName="group", kmsKeyId=KEY)),
    ],
)
def test_a_request_with_a_key_of_ones_own_is_refused_even_to_those_who_may_all(
    aws: Aws, service: str, call: Call
) -> None:
    with pytest.raises(
        ClientError, match=r"does not know what permission this needs: .*a KMS key of one's own"
    ):
        call(aws.as_one_who_may(service, allow("*", "*")))
