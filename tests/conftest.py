"""What pytest reads first. The fixtures for all tests are in fixtures.py."""

# First of all, as in main.py: it decides how the provider's classes are loaded, or says in a line why not.
import bindings  # noqa: F401, I001 - for what importing it does

import pytest

pytest_plugins = ["tests.tiers"]
FIXTURES = ("tests.fixtures", "tests.deployment.programs")
OF_OTHER_TIERS = ("tests.terraform.fixtures",)


def pytest_configure(config: pytest.Config) -> None:
    """Import the fixtures, but not where xdist only hands out tests: they would begin a second later."""
    if config.getoption("dist", "no") == "no" or config.option.collectonly or config.option.showfixtures:
        for module in FIXTURES if config.option.markexpr == "unit" else (*FIXTURES, *OF_OTHER_TIERS):
            config.pluginmanager.import_plugin(module)
