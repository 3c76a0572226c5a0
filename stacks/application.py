"""All stacks together."""

from collections.abc import Sequence
from pathlib import Path
from shutil import copyfile

from bindings.cdktf import App
from config.settings import Environment
from config.target import Target
from config.terraform import MINIMUM_VERSION, PROVIDER_LOCK
from stacks.bootstrap import BootstrapStack
from stacks.parakeet import ParakeetStack
from stacks.secrets import SecretsStack

TARGETS = {"targetVersions": {"terraform": f">={'.'.join(map(str, MINIMUM_VERSION))}.0"}}
"""What may be written for: cdktf takes all there is, CDK Terrain else only what Terraform 1.5 knows."""


class Application(App):
    """All stacks, each synthesized with the lock of the provider beside it."""

    def synth(self) -> None:
        """Write every stack's folder."""
        super().synth()
        for stack in Path(self.outdir, "stacks").iterdir():
            copyfile(PROVIDER_LOCK, stack / ".terraform.lock.hcl")


def application(environments: Sequence[Environment], target: Target, outdir: str | None = None) -> App:
    """The stacks of these environments, ready for `synth()` into `outdir`, or where cdktf wants them."""
    app = Application(outdir=outdir, context=TARGETS)
    environments = target.environments(environments)
    # One in every account that keeps states.
    for account_id in dict.fromkeys(environment.account_id for environment in environments):
        BootstrapStack(
            app,
            target,
            account_id,
            [environment for environment in environments if environment.account_id == account_id],
        )
    # prod's state everybody has to share: Terraform by itself, past what our cdktf refuses, finds no other.
    shared = target.model_copy(update={"local_state": False})
    for environment in environments:
        chosen = shared if environment.name == "prod" else target
        SecretsStack(app, environment, chosen)
        ParakeetStack(app, environment, chosen)
    return app
