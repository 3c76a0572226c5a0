"""All stacks together."""

from collections.abc import Sequence

from bindings.cdktf import App
from config.settings import Environment
from config.target import Target
from stacks.bootstrap import BootstrapStack
from stacks.parakeet import ParakeetStack


def application(environments: Sequence[Environment], target: Target, outdir: str | None = None) -> App:
    """The stacks of these environments, ready for `synth()` into `outdir`, or where cdktf wants them."""
    app = App(outdir=outdir)
    # One in every account that keeps states.
    for account_id in dict.fromkeys(environment.account_id for environment in environments):
        BootstrapStack(app, target, account_id)
    for environment in environments:
        ParakeetStack(app, environment, target)
    return app
