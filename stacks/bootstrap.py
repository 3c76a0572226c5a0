"""What keeps Terraform's state: deployed once, before everything else."""

from collections.abc import Sequence

from bindings.aws import (
    DataAwsCallerIdentity,
    DynamodbTable,
    DynamodbTableAttribute,
    DynamodbTablePointInTimeRecovery,
)
from bindings.cdktf import TerraformResourceLifecycle
from config.names import bootstrap_name
from config.place import Place
from config.settings import Environment
from config.target import Target
from config.terraform import LOCK_TABLE, STATE_REGION, state_bucket
from constructs import Construct
from constructs.boundary import FunctionBoundary
from constructs.deployment_roles import DeploymentRoles
from constructs.resources.address import pinned
from constructs.resources.bucket import Bucket
from constructs.resources.lifecycle import (
    abort_abandoned_uploads,
    access_log_rules,
    expire_old_versions,
)
from stacks.stack import Stack

OLD_STATE_DAYS = 365
"""How long one can go back to a state that a deployment has replaced."""


class BootstrapStack(Stack):
    """`parakeet-bootstrap`: states, locks, and who may do what to deploy. Its own state is local."""

    def __init__(
        self,
        scope: Construct,
        target: Target,
        account_id: str | None,
        environments: Sequence[Environment],
    ) -> None:
        """`environments` are those that say this `account_id`, or, if it is None, none."""
        super().__init__(
            scope,
            bootstrap_name(account_id),
            target,
            environment="bootstrap",
            region=STATE_REGION,
            state_key=None,
            account_id=account_id,
        )
        account = DataAwsCallerIdentity(self, "account")
        here = Place("bootstrap", STATE_REGION, account.account_id)
        state = Bucket(
            self,
            "state",
            here,
            name=state_bucket(account_id),
            address="state",
            versioned=True,
            protected=True,
            lifecycle_rules=[
                abort_abandoned_uploads(),
                expire_old_versions("expire-old-states", "", OLD_STATE_DAYS),
            ],
        )
        logs = Bucket(
            self,
            "logs",
            here,
            name=f"{state_bucket(account_id)}-logs",
            address="logs",
            lifecycle_rules=access_log_rules(),
        )
        state.log_access_to(logs)
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
        roles: DeploymentRoles | None = None
        for environment in environments:
            place = Place(environment.name, environment.region, account.account_id)
            FunctionBoundary(self, f"{environment.name}-boundary", environment.functions, place)
            if environment.repository:
                roles = roles or DeploymentRoles(self, "deployment", states=state_bucket(account_id))
                roles.add(environment.repository, environment.functions, place)
        if roles:
            self.output("deployment_role_arns", roles.arns, "Roles of GitHub's workflows")
        self.output("state_bucket_name", state.name, "Bucket of every stack's state")
        self.output("lock_table_name", locks.name, "Table of the state's locks")
