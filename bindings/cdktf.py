"""CDKTF's own classes that this platform uses."""

# mypy: implicit-reexport
# ruff: noqa: F401 - others import them from here

from cdktf import (
    App,
    Fn,
    ITerraformDependable,
    LocalBackend,
    S3Backend,
    TerraformElement,
    TerraformOutput,
    TerraformResourceLifecycle,
    TerraformStack,
    TerraformVariable,
    TerraformVariableValidationConfig,
)
