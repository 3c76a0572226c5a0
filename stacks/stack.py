"""What every stack asks of Terraform: its version, where its state lives, its provider, its outputs."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from bindings.aws import AwsProvider, AwsProviderDefaultTags
from bindings.cdktf import LocalBackend, S3Backend, TerraformOutput, TerraformStack
from config.names import platform_tags
from config.settings import Environment
from config.target import Target
from config.terraform import LOCK_TABLE, MINIMUM_VERSION, STATE_REGION, state_bucket
from constructs import Construct


class Stack(TerraformStack):
    """A stack that deploys to one region, in no other account than `account_id` if there is one."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        target: Target,
        *,
        environment: str,
        region: str,
        state_key: str | None,
        account_id: str | None = None,
        tags: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`environment` and `tags` go on everything. Without a `state_key` the state is always local."""
        super().__init__(scope, name)
        self.add_override("terraform.required_version", f">= {'.'.join(map(str, MINIMUM_VERSION))}.0")
        if state_key is None or target.local_state:
            self._store_state_locally()
        else:
            self._store_state(state_key, target, account_id)
        AwsProvider(
            self,
            "aws",
            region=region,
            allowed_account_ids=[account_id] if account_id else None,
            default_tags=[AwsProviderDefaultTags(tags={**platform_tags(environment), **tags})],
            s3_use_path_style=target.path_style or None,
        )

        # cdktf writes `aws`, which OpenTofu and newer Terraforms take for another registry's.
        self.add_override("terraform.required_providers.aws.source", "hashicorp/aws")

    def output(self, name: str, value: str | Mapping[str, str], description: str) -> None:
        """Make `value` what `terraform output <name>` prints."""
        TerraformOutput(self, name, value=value, description=description)

    def forget(self, *addresses: str) -> None:
        """Have Terraform let go of what it once made at these addresses, and destroy nothing."""
        # cdktf has no argument for it.
        self.add_override(
            "removed", [{"from": address, "lifecycle": {"destroy": False}} for address in addresses]
        )

    def _store_state(self, key: str, target: Target, account_id: str | None) -> None:
        S3Backend(
            self,
            bucket=state_bucket(account_id),
            key=key,
            region=STATE_REGION,
            encrypt=True,
            allowed_account_ids=[account_id] if account_id else None,
            dynamodb_table=LOCK_TABLE,
            use_path_style=target.path_style or None,
        )
        # cdktf has no argument for it. Beside the table, which Terraform 1.11 deprecates: both are taken.
        self.add_override("terraform.backend.s3.use_lockfile", True)

    def _store_state_locally(self) -> None:
        # In the folder that synthesis was started in.
        LocalBackend(self, path=str(Path.cwd() / f"terraform.{self.node.id}.tfstate"))


class EnvironmentStack(Stack):
    """A stack of an environment: in its region and account, with its tags, its state beside the others."""

    def __init__(
        self, scope: Construct, name: str, environment: Environment, target: Target, *, state: str
    ) -> None:
        """`state` is what the state is called there, as `terraform` in `dev/terraform.tfstate`."""
        super().__init__(
            scope,
            name,
            target,
            environment=environment.name,
            region=environment.region,
            state_key=f"{environment.name}/{state}.tfstate",
            account_id=environment.account_id,
            tags=environment.tags,
        )
