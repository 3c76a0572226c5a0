"""The stacks as `make policy` has them."""

from collections.abc import Mapping

import pytest

from config.environments import ENVIRONMENTS
from policy.automated import automated
from tests.template import Template, synthesized_stacks


@pytest.fixture(scope="session")
def automated_templates() -> Mapping[str, Template]:
    """With a repository in every environment."""
    return synthesized_stacks([automated(each) for each in ENVIRONMENTS])
