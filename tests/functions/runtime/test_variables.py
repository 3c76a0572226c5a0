"""A function's environment variables."""

import pytest

from functions.database.connection import DatabaseVariables
from functions.runtime.variables import UNPACKED, Variables, VariablesError


def test_the_variables_are_read_by_their_names() -> None:
    variables = Variables.read()
    assert (variables.environment, variables.name) == ("dev", "potential-parakeet-tests")


def test_all_variables_that_are_missing_or_empty_are_named(variables: pytest.MonkeyPatch) -> None:
    variables.delenv("SECRETS_ARN")
    variables.setenv("ENVIRONMENT", "")
    with pytest.raises(VariablesError) as error:
        DatabaseVariables.read()
    assert str(error.value) == "environment variables: ENVIRONMENT is not set; SECRETS_ARN is not set"


def test_a_function_needs_only_its_own(variables: pytest.MonkeyPatch) -> None:
    variables.delenv("SECRETS_ARN")
    assert Variables.read().environment == "dev"


def test_code_that_is_in_no_package_says_so_whatever_a_variable_says(variables: pytest.MonkeyPatch) -> None:
    variables.setenv("CODE_VERSION", "another")
    assert Variables.read().code_version == UNPACKED
