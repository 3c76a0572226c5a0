"""What keeps Terraform's states, and how little of its deployment the other stacks wait for."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from botocore.exceptions import ClientError

from config.names import bootstrap_name
from config.place import Place
from config.settings import Environment
from config.terraform import LOCK_TABLE, state_bucket
from deployment.command import Command
from deployment.workspace import Workspace
from local.embedded_aws import EmbeddedAws

_POLL_SECONDS = 0.2


@contextmanager
def state_backend(
    workspace: Workspace, aws: EmbeddedAws, environments: Sequence[Environment]
) -> Iterator[Command]:
    """Deploy bootstrap. Entered as soon as these environments can be deployed, left once it has ended.

    They are all of the one account that a stand-in of AWS has. Of the 65 s that it takes, the provider spends
    55 on hearing from S3 again and again that the lifecycle rules are there, which nothing else needs. Raises
    CommandError.
    """
    deployment = workspace.start_deploy(bootstrap_name(None))
    needed = _Needed(aws, environments)
    while deployment.running and not needed.is_there():
        time.sleep(_POLL_SECONDS)
    if not deployment.running:
        workspace.finish(deployment)
    yield deployment
    workspace.finish(deployment)


class _Needed:
    """What the environments' stacks need of bootstrap: where to keep and lock states, and boundaries."""

    def __init__(self, aws: EmbeddedAws, environments: Sequence[Environment]) -> None:
        self._s3, self._dynamodb, self._iam = map(aws.client, ("s3", "dynamodb", "iam"))
        account: str = aws.client("sts").get_caller_identity()["Account"]
        self._bucket = state_bucket(None)
        places = [Place(each.name, each.region, account) for each in environments]
        self._boundaries = [place.function_boundary_arn for place in places]

    def is_there(self) -> bool:
        try:
            versioning = self._s3.get_bucket_versioning(Bucket=self._bucket).get("Status")
            table = self._dynamodb.describe_table(TableName=LOCK_TABLE)["Table"]["TableStatus"]
            for boundary in self._boundaries:
                self._iam.get_policy(PolicyArn=boundary)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 404):
                return False
            raise
        return bool(versioning == "Enabled" and table == "ACTIVE")
