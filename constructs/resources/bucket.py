"""A private, encrypted bucket that only answers over TLS."""

import re
from collections.abc import Sequence

from bindings.aws import (
    DataAwsIamPolicyDocumentStatement,
    DataAwsIamPolicyDocumentStatementCondition,
    IamRolePolicy,
    S3Bucket,
    S3BucketLifecycleConfiguration,
    S3BucketLifecycleConfigurationRule,
    S3BucketLoggingA,
    S3BucketOwnershipControls,
    S3BucketOwnershipControlsRule,
    S3BucketPolicy,
    S3BucketPublicAccessBlock,
    S3BucketServerSideEncryptionConfigurationA,
    S3BucketServerSideEncryptionConfigurationRuleA,
    S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA,
    S3BucketVersioningA,
    S3BucketVersioningVersioningConfiguration,
)
from bindings.cdktf import TerraformResourceLifecycle
from config.place import Place
from constructs import Construct
from constructs.resources.address import pinned
from constructs.resources.policy import ResourcePolicy, condition, service
from constructs.resources.role import Grantee


class Bucket(Construct):
    """A bucket whose address, `aws_s3_bucket.<address>`, and those of all that protects it are pinned.

    Moved in the tree, Terraform would else destroy a protection and make it anew, in any order.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        place: Place,
        *,
        name: str,
        address: str,
        versioned: bool = False,
        protected: bool = False,
        destroy_objects: bool = False,
        lifecycle_rules: Sequence[S3BucketLifecycleConfigurationRule] = (),
    ) -> None:
        """`protected` makes Terraform refuse to destroy it; `destroy_objects` lets its objects go too."""
        super().__init__(scope, id)
        bucket = pinned(
            address,
            S3Bucket(
                self,
                "bucket",
                bucket=name,
                force_destroy=destroy_objects,
                lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if protected else None,
            ),
        )
        self._address = address
        self._account_id = place.account_id
        self._id = bucket.id
        # Not `id`, which is the same but known only once AWS has answered.
        self.name = bucket.bucket
        self.arn = bucket.arn

        pinned(
            address,
            S3BucketServerSideEncryptionConfigurationA(
                self,
                "encryption",
                bucket=self._id,
                rule=[
                    S3BucketServerSideEncryptionConfigurationRuleA(
                        apply_server_side_encryption_by_default=(
                            S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA(
                                sse_algorithm="AES256"
                            )
                        ),
                    )
                ],
            ),
        )
        public_access_block = pinned(
            address,
            S3BucketPublicAccessBlock(
                self,
                "public-access-block",
                bucket=self._id,
                block_public_acls=True,
                block_public_policy=True,
                ignore_public_acls=True,
                restrict_public_buckets=True,
            ),
        )
        pinned(
            address,
            S3BucketOwnershipControls(
                self,
                "ownership",
                bucket=self._id,
                rule=S3BucketOwnershipControlsRule(object_ownership="BucketOwnerEnforced"),
            ),
        )
        self.versioning = (
            pinned(
                address,
                S3BucketVersioningA(
                    self,
                    "versioning",
                    bucket=self._id,
                    versioning_configuration=S3BucketVersioningVersioningConfiguration(status="Enabled"),
                ),
            )
            if versioned
            else None
        )
        """What has to be there before an object can have versions, if it has any."""
        if lifecycle_rules:
            pinned(
                address,
                S3BucketLifecycleConfiguration(
                    self,
                    "lifecycle",
                    bucket=self._id,
                    rule=list(lifecycle_rules),
                    depends_on=[self.versioning] if self.versioning else None,
                ),
            )
        self._allowed = ResourcePolicy(
            self, "policy-document", action="s3:*", resources=[self.arn, f"{self.arn}/*"]
        )
        self.policy = pinned(
            address,
            S3BucketPolicy(
                self,
                "policy",
                bucket=self._id,
                policy=self._allowed.json,
                # S3 refuses two changes of a bucket's access at once (OperationAborted).
                depends_on=[public_access_block],
            ),
        )

    def allow(self, statement: DataAwsIamPolicyDocumentStatement) -> None:
        """Add to the bucket's own policy what another service may do with it."""
        self._allowed.allow(statement)

    def log_access_to(self, logs: "Bucket") -> None:
        """Log every access below `<name>/` of `logs`, which lets S3 write there for this bucket."""
        prefix = f"{self.name}/"
        logs.allow(
            DataAwsIamPolicyDocumentStatement(
                # IAM takes letters and digits only.
                sid=re.sub("[^0-9A-Za-z]", "", f"AllowLogDeliveryOf{self.node.id.title()}"),
                actions=["s3:PutObject"],
                resources=[f"{logs.arn}/{prefix}*"],
                principals=[service("logging.s3.amazonaws.com")],
                condition=[
                    condition("ArnEquals", "aws:SourceArn", self.arn),
                    condition("StringEquals", "aws:SourceAccount", self._account_id),
                ],
            )
        )
        pinned(
            self._address,
            S3BucketLoggingA(
                self,
                "access-logging",
                bucket=self._id,
                target_bucket=logs.name,
                target_prefix=prefix,
                # S3 looks whether it may write there.
                depends_on=[logs.policy],
            ),
        )

    def grant_read(self, grantee: Grantee, prefix: str) -> IamRolePolicy:
        """Let it list and read the objects below `prefix`, as long as the bucket is this account's.

        Ask by listing whether an object is there: reading one that is not is "access denied". As the other
        grants, it raises ValueError for what is in no folder.
        """
        return grantee.role.allow(
            f"read-{self._called(prefix)}",
            DataAwsIamPolicyDocumentStatement(
                sid="ListObjects",
                actions=["s3:ListBucket"],
                resources=[self.arn],
                condition=[condition("StringLike", "s3:prefix", f"{prefix}*"), self._ours()],
            ),
            DataAwsIamPolicyDocumentStatement(
                sid="ReadObjects",
                actions=["s3:GetObject"],
                resources=[self._objects(prefix)],
                condition=[self._ours()],
            ),
        )

    def grant_write(self, grantee: Grantee, place: str) -> IamRolePolicy:
        """Let it write, and neither read nor delete, the object of that key, or all below a folder."""
        return grantee.role.allow(
            f"write-{self._called(place)}",
            DataAwsIamPolicyDocumentStatement(
                sid="WriteObjects",
                actions=["s3:PutObject"],
                resources=[self._objects(place)],
                condition=[self._ours()],
            ),
        )

    def _called(self, place: str) -> str:
        """`cache/scans/` of the bucket `cache` as `cache-scans`: several places are several policies."""
        name = self.node.id
        own, *below = place.strip("/").replace("-", "--").split("/")
        return "-".join([own if own == name else f"{name}.{own}", *below])

    def _objects(self, place: str) -> str:
        if not re.fullmatch(r"([^/*?]+/)+[^/*?]*", place):
            raise ValueError(
                f"{place!r}: allowed: a folder, as 'cache/', or a key in one; "
                "a grant never reaches a whole bucket"
            )
        return f"{self.arn}/{place}{'*' if place.endswith('/') else ''}"

    def _ours(self) -> DataAwsIamPolicyDocumentStatementCondition:
        # A bucket's ARN has no account: once it is gone, anybody may take the name.
        return condition("StringEquals", "aws:ResourceAccount", self._account_id)
