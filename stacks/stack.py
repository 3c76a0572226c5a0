"""What every stack asks of Terraform itself: its version, where its state lives, its outputs."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from bindings.aws import AwsProvider, AwsProviderDefaultTags
from bindings.cdktf import LocalBackend, S3Backend, TerraformOutput, TerraformStack
from config.names import platform_tags
from config.target import Target
from config.terraform import LOCK_TABLE, MINIMUM_VERSION, STATE_BUCKET, STATE_REGION


def configure_terraform(stack: TerraformStack) -> None:
    """Refuse a Terraform that is too old."""
    stack.add_override("terraform.required_version", f">= {'.'.join(map(str, MINIMUM_VERSION))}.0")


def configure_provider(
    stack: TerraformStack,
    target: Target,
    *,
    environment: str,
    region: str,
    account_id: str | None = None,
    tags: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Deploy to `region`, in no other account than `account_id` if there is one, and tag everything."""
    AwsProvider(
        stack,
        "aws",
        region=region,
        allowed_account_ids=[account_id] if account_id else None,
        default_tags=[AwsProviderDefaultTags(tags={**platform_tags(environment), **tags})],
        s3_use_path_style=target.path_style or None,
    )


def store_state(stack: TerraformStack, target: Target, *, key: str, account_id: str | None) -> None:
    """Keep the state in the state bucket under `key`, or locally where the target says so."""
    if target.local_state:
        store_state_locally(stack)
        return
    S3Backend(
        stack,
        bucket=STATE_BUCKET,
        key=key,
        region=STATE_REGION,
        encrypt=True,
        allowed_account_ids=[account_id] if account_id else None,
        dynamodb_table=LOCK_TABLE,
        use_path_style=target.path_style or None,
    )
    # cdktf has no argument for it. Beside the table, which Terraform 1.11 deprecates: both are taken.
    stack.add_override("terraform.backend.s3.use_lockfile", True)


def store_state_locally(stack: TerraformStack) -> None:
    """Keep the state in `terraform.<stack>.tfstate` of the folder that synthesis was started in."""
    LocalBackend(stack, path=str(Path.cwd() / f"terraform.{stack.node.id}.tfstate"))


def output(stack: TerraformStack, name: str, value: str | Mapping[str, str], description: str) -> None:
    """Make `value` what `terraform output <name>` prints."""
    TerraformOutput(stack, name, value=value, description=description)
