"""All stacks together."""

from collections.abc import Iterable

from bindings.cdktf import App
from config.settings import Environment
from config.target import Target
from stacks.bootstrap import BootstrapStack
from stacks.parakeet import ParakeetStack


def application(environments: Iterable[Environment], target: Target, outdir: str | None = None) -> App:
    """The stacks of these environments, ready for `synth()` into `outdir`, or where cdktf wants them."""
    app = App(outdir=outdir)
    BootstrapStack(app, target)
    for environment in environments:
        ParakeetStack(app, environment, target)
    return app
