"""What pytest reads first. The fixtures for all tests are in fixtures.py."""

# First of all, as in main.py: it decides how the provider's classes are loaded, or says in a line why not.
import bindings  # noqa: F401, I001 - for what importing it does

import pytest

pytest_plugins = ["tests.tiers"]
FIXTURES = {
    "unit": ("tests.fixtures", "tests.deployment.programs"),
    "all": ("tests.fixtures", "tests.deployment.programs", "tests.terraform.fixtures"),
}
"""The modules with fixtures, by the tier that is asked for."""


def pytest_configure(config: pytest.Config) -> None:
    """Import the fixtures, but not where xdist only hands out tests: they would begin a second later."""
    if config.getoption("dist", "no") == "no" or config.option.collectonly:
        for module in FIXTURES.get(config.option.markexpr, FIXTURES["all"]):
            config.pluginmanager.import_plugin(module)
