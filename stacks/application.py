"""All stacks together."""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from shutil import copyfile

from bindings.cdktf import App, TerraformStack
from config.names import bootstrap_name, secrets_stack_name, stack_name
from config.settings import Environment
from config.target import Target
from config.terraform import MINIMUM_VERSION, PROVIDER_LOCK
from config.validation import ConfigurationError
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


def application(
    environments: Sequence[Environment],
    target: Target,
    outdir: str | None = None,
    *,
    only: Collection[str] = (),
) -> App:
    """The stacks of these environments, ready for `synth()` into `outdir`, or where cdktf wants them.

    `only`: these stacks, by name, each as it is beside all others. Raises ConfigurationError
    for one that there is not.
    """
    app = Application(outdir=outdir, context=TARGETS)
    stacks = _stacks(app, target.environments(environments), target)
    for name in only:
        if name not in stacks:
            raise ConfigurationError(f"stack = {name!r}: allowed: {', '.join(stacks)}")
    for name, stack in stacks.items():
        if not only or name in only:
            stack()
    return app


def _stacks(
    app: App, environments: Sequence[Environment], target: Target
) -> dict[str, Callable[[], TerraformStack]]:
    """What adds each stack to the app, by its name."""
    stacks: dict[str, Callable[[], TerraformStack]] = {}
    # One in every account that keeps states.
    for account_id in dict.fromkeys(environment.account_id for environment in environments):
        there = [environment for environment in environments if environment.account_id == account_id]
        stacks[bootstrap_name(account_id)] = partial(BootstrapStack, app, target, account_id, there)
    # prod's state everybody has to share: Terraform by itself, past what our cdktf refuses, finds no other.
    shared = target.model_copy(update={"local_state": False})
    for environment in environments:
        chosen = shared if environment.name == "prod" else target
        stacks[secrets_stack_name(environment.name)] = partial(SecretsStack, app, environment, chosen)
        stacks[stack_name(environment.name)] = partial(ParakeetStack, app, environment, chosen)
    return stacks
