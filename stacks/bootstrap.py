"""What keeps Terraform's state: deployed once, before everything else."""

from bindings.aws import (
    DynamodbTable,
    DynamodbTableAttribute,
    DynamodbTablePointInTimeRecovery,
)
from bindings.cdktf import TerraformResourceLifecycle
from config.names import BOOTSTRAP
from config.target import Target
from config.terraform import LOCK_TABLE, STATE_BUCKET, STATE_REGION
from constructs import Construct
from constructs.resources.address import pinned
from constructs.resources.bucket import Bucket
from stacks.stack import Stack


class BootstrapStack(Stack):
    """`parakeet-bootstrap`: state bucket and lock table. Its own state is local, since it comes first."""

    def __init__(self, scope: Construct, target: Target) -> None:
        super().__init__(
            scope, BOOTSTRAP, target, environment="bootstrap", region=STATE_REGION, state_key=None
        )
        state = Bucket(
            self,
            "state",
            name=STATE_BUCKET,
            address="state",
            # Every state there was: small, and what one wants back after a mishap.
            versioned=True,
            protected=True,
        )
        locks = pinned(
            "locks",
            DynamodbTable(
                self,
                "locks",
                name=LOCK_TABLE,
                billing_mode="PAY_PER_REQUEST",
                hash_key="LockID",
                attribute=[DynamodbTableAttribute(name="LockID", type="S")],
                point_in_time_recovery=DynamodbTablePointInTimeRecovery(enabled=True),
                deletion_protection_enabled=True,
                lifecycle=TerraformResourceLifecycle(prevent_destroy=True),
            ),
        )
        self.output("state_bucket_name", state.name, "Bucket of every stack's state")
        self.output("lock_table_name", locks.name, "Table of the state's locks")
