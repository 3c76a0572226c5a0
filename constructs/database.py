"""The database's schema, which a deployment brings up to date before the code that needs it."""

import json
from collections.abc import Sequence

from bindings.aws import LambdaInvocation
from bindings.cdktf import ITerraformDependable
from constructs import Construct
from constructs.functions import Function


class Schema(Construct):
    """The migrations, applied by a function that Terraform invokes whenever its code has changed."""

    def __init__(
        self, scope: Construct, id: str, *, function: Function, needs: Sequence[ITerraformDependable]
    ) -> None:
        """`needs` has to be there before the function can work: its permissions."""
        super().__init__(scope, id)
        self.applied: ITerraformDependable = LambdaInvocation(
            self,
            "migrate",
            function_name=function.name,
            qualifier=function.live.name,
            input=json.dumps({"source": "deployment"}),
            # The migrations are in the function's package.
            triggers={"version": function.version},
            depends_on=list(needs),
        )
