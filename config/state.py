"""Where Terraform's state lives; the bootstrap stack makes it, every other stack uses it."""

STATE_BUCKET = "potential-parakeet-terraform-state"
LOCK_TABLE = "terraform-state-lock"
STATE_REGION = "us-east-1"
