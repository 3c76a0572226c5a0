"""Terraform itself: the version it has to have, and where its state lives.

The bootstrap stack makes bucket and table; every other stack uses them.
"""

# The first with write-only arguments, and with `use_lockfile` for good.
MINIMUM_VERSION = (1, 11)

STATE_BUCKET = "potential-parakeet-terraform-state"
LOCK_TABLE = "terraform-state-lock"
STATE_REGION = "us-east-1"
