"""The stacks as `make policy` has them."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from config.environments import ENVIRONMENTS
from config.target import Target
from policy.automated import automated
from stacks.application import application
from tests.template import Template, read_templates


@pytest.fixture(scope="session")
def automated_templates(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Template]:
    """With a repository in every environment."""
    outdir: Path = tmp_path_factory.mktemp("cdktf.out")
    application([automated(each) for each in ENVIRONMENTS], Target(), str(outdir)).synth()
    return read_templates(outdir)
