"""Stacks for the promises that all of them keep."""

import pytest

from config.environments import PROD
from tests.template import Template, changed, synthesized


@pytest.fixture(scope="module")
def labelled() -> Template:
    """With tags and an account of its own."""
    return synthesized(changed(PROD, tags={"Team": "quant", "CostCentre": "42"}, account_id="123456789012"))
