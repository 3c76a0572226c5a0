"""What keeps Terraform's state: deployed once, before everything else."""

from bindings.aws import (
    DataAwsCallerIdentity,
    DynamodbTable,
    DynamodbTableAttribute,
    DynamodbTablePointInTimeRecovery,
)
from bindings.cdktf import TerraformResourceLifecycle
from config.names import bootstrap_name
from config.target import Target
from config.terraform import LOCK_TABLE, STATE_REGION, state_bucket
from constructs import Construct
from constructs.resources.address import pinned
from constructs.resources.bucket import Bucket
from constructs.resources.lifecycle import (
    ACCESS_LOG_DAYS,
    abort_abandoned_uploads,
    expire,
    expire_old_versions,
)
from stacks.stack import Stack

OLD_STATE_DAYS = 90
OLD_STATES = 100


class BootstrapStack(Stack):
    """`parakeet-bootstrap`: state bucket and lock table. Its own state is local, since it comes first."""

    def __init__(self, scope: Construct, target: Target, account_id: str | None) -> None:
        """Of the environments that say this `account_id`, or, if it is None, none."""
        super().__init__(
            scope,
            bootstrap_name(account_id),
            target,
            environment="bootstrap",
            region=STATE_REGION,
            state_key=None,
            account_id=account_id,
        )
        state = Bucket(
            self,
            "state",
            name=state_bucket(account_id),
            address="state",
            versioned=True,
            protected=True,
            lifecycle_rules=[
                abort_abandoned_uploads(),
                # What one wants back after a mishap: the last hundred states whatever their age.
                expire_old_versions("expire-old-states", "", OLD_STATE_DAYS, newest=OLD_STATES),
            ],
        )
        account = DataAwsCallerIdentity(self, "account")
        state.log_access_to(self._access_logs(account_id), account_id=account.account_id)
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

    def _access_logs(self, account_id: str | None) -> Bucket:
        return Bucket(
            self,
            "logs",
            name=f"{state_bucket(account_id)}-logs",
            address="logs",
            lifecycle_rules=[abort_abandoned_uploads(), expire("expire-logs", "", ACCESS_LOG_DAYS)],
        )
