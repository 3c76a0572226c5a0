"""The stacks: the platform of an environment, and what keeps Terraform's state."""
