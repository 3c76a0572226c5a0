"""All that is checked of an environment."""

from collections.abc import Mapping
from functools import partial

from config.settings import Environment
from deployment.preflight.access import access_checks
from deployment.preflight.aws import aws_checks
from deployment.preflight.checks import Check, ProblemError
from deployment.preflight.database import database
from deployment.preflight.providers import provider_checks
from deployment.programs import PrerequisiteError, find_terraform, named_provider_mirror


def checks_of(environment: Environment, variables: Mapping[str, str]) -> list[Check]:
    """For a deployment with these variables of the shell."""
    ingest = environment.functions.ingest
    return [
        Check("Terraform", partial(terraform, variables)),
        *aws_checks(environment),
        *access_checks(environment.api, environment.name),
        Check("database", partial(database, variables)),
        *provider_checks(variables, tiingo=ingest.tiingo_url, polygon=ingest.polygon_url),
    ]


def terraform(variables: Mapping[str, str]) -> str:
    """Its version, and where it gets the provider."""
    try:
        found = find_terraform(variables)
        mirror = named_provider_mirror(found.platform, variables)
    except PrerequisiteError as error:
        raise ProblemError(str(error)) from None
    return f"{found.version}, provider from {mirror or 'where Terraform is set to get it'}"
