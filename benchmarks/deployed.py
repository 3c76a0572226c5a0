"""The platform, deployed once for all measurements that need it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from config.named import environment_named
from local.deployment_steps import deploy, provider_mirror
from local.narration import Narration
from local.platform import LocalPlatform
from local.run_folder import run_folder


@contextmanager
def deployed(environment: str = "dev", *, already: LocalPlatform | None = None) -> Iterator[LocalPlatform]:
    """An environment on this machine, deployed as `make demo` does: a minute or two.

    Or the one that is deployed `already`. Raises OneLineError.
    """
    if already is not None:
        yield already
        return
    narration = Narration()
    mirror = provider_mirror(narration)
    with (
        run_folder() as folder,
        LocalPlatform(folder, environment_named(environment), mirror, os.environ) as platform,
    ):
        deploy(platform, narration)
        yield platform
