"""Terraform itself."""

# The first with write-only arguments, and with `use_lockfile` for good.
MINIMUM_VERSION = (1, 11)
