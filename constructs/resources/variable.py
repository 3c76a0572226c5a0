"""What a person gives Terraform by a variable of the shell, `TF_VAR_<name>`."""

import json

from bindings.cdktf import TerraformVariable, TerraformVariableValidationConfig
from constructs import Construct
from constructs.resources.address import pinned


def variable(
    scope: Construct,
    name: str,
    description: str,
    *,
    pattern: str = "[^[:space:]]",
    allowed: str = "given, not blank",
    once: str | None = None,
    secret: bool = False,
) -> str:
    """A reference to the variable. It has no default, and its value has to match `pattern` (RE2).

    `once` is a text that the value has to have exactly once. A secret one may only be given to write-only
    arguments; Terraform then keeps it in neither plan nor state.
    """
    condition = f"can(regex({json.dumps(pattern)}, var.{name}))"
    if once:
        condition += f" && length(regexall({json.dumps(once)}, var.{name})) == 1"
    declared = pinned(
        name,
        TerraformVariable(
            scope,
            name,
            type="string",
            description=description,
            sensitive=secret or None,
            nullable=False,
            validation=[
                TerraformVariableValidationConfig(
                    condition=f"${{{condition}}}",
                    error_message=f"TF_VAR_{name} must be {allowed}.",
                )
            ],
        ),
    )
    if secret:
        # cdktf has no argument for it.
        declared.add_override("ephemeral", True)
    return declared.string_value
