"""The stacks: the platform of an environment, and what keeps Terraform's state."""

# First of all: it decides how the provider's classes are loaded.
import bindings  # noqa: F401 - for what importing it does
