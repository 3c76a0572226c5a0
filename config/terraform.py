"""Terraform itself: the version it has to have, and where its state lives.

The bootstrap stack makes bucket and table; every other stack uses them.
"""

from pathlib import Path

PROVIDER_LOCK = Path(__file__).with_name("terraform.lock.hcl")
"""Which packages of the provider may run: `.terraform.lock.hcl` where Terraform runs, which only reads it."""

# The first with write-only arguments, and with `use_lockfile` for good.
MINIMUM_VERSION = (1, 11)

# The release that cdktf-cdktf-provider-aws is generated from, and asks for in the synthesized code.
PROVIDER_VERSION = "5.100.0"

STATE_BUCKET = "potential-parakeet-terraform-state"
"""Of environments that say no `account_id`."""
LOCK_TABLE = "terraform-state-lock"
STATE_REGION = "us-east-1"


def state_bucket(account_id: str | None) -> str:
    """Where the state of an environment is. One that says its account has it there, and in no other's reach.

    Bucket names are unique among all accounts, so that of the account is in it.
    """
    return f"{STATE_BUCKET}-{account_id}" if account_id else STATE_BUCKET
