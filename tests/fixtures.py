"""Fixtures for all tests."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import settings

from config.environments import DEV, ENVIRONMENTS, PROD
from config.names import secrets_stack_name, stack_name
from config.target import Target
from tests.sources import SOURCES
from tests.template import BOOTSTRAPS, Template, changed, synthesized, synthesized_stacks

# How long an example takes says how busy the machine is.
settings.register_profile("here", deadline=None)
settings.load_profile("here")


@pytest.fixture
def in_subtests(request: pytest.FixtureRequest) -> None:
    """For tests that schemathesis 4.32 makes of a fixture: it reads what pytest 9.2 no longer has."""
    request.node._nodeid = request.node.nodeid


@pytest.fixture(scope="session")
def outdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `python main.py` writes."""
    outdir: Path = tmp_path_factory.mktemp("cdktf.out")
    synthesized_stacks(ENVIRONMENTS, outdir=outdir)
    return outdir


@pytest.fixture(scope="session")
def templates(outdir: Path) -> Mapping[str, Template]:  # noqa: ARG001 - it is where they are written
    """The synthesized stacks by name, as `parakeet-prod`."""
    return synthesized_stacks(ENVIRONMENTS)


@pytest.fixture(scope="session")
def without_workflows() -> Mapping[str, Template]:
    """Without the roles of a repository's workflows, which constructs/test_deployment_roles.py is about."""
    return synthesized_stacks([changed(each, repository=None) for each in ENVIRONMENTS])


@pytest.fixture(
    params=[
        *BOOTSTRAPS,
        *(name(each.name) for each in ENVIRONMENTS for name in (secrets_stack_name, stack_name)),
    ]
)
def template(request: pytest.FixtureRequest, templates: Mapping[str, Template]) -> Template:
    """Every stack in turn."""
    return templates[request.param]


@pytest.fixture(params=[environment.name for environment in ENVIRONMENTS])
def platform(request: pytest.FixtureRequest, templates: Mapping[str, Template]) -> Template:
    """Every environment's stack in turn."""
    return templates[stack_name(request.param)]


@pytest.fixture(params=[environment.name for environment in ENVIRONMENTS])
def secrets_stack(request: pytest.FixtureRequest, templates: Mapping[str, Template]) -> Template:
    """The stack of every environment's secrets in turn."""
    return templates[secrets_stack_name(request.param)]


@pytest.fixture(scope="session")
def dev(templates: Mapping[str, Template]) -> Template:
    return templates["parakeet-dev"]


@pytest.fixture(scope="session")
def staging(templates: Mapping[str, Template]) -> Template:
    return templates["parakeet-staging"]


@pytest.fixture(scope="session")
def prod(templates: Mapping[str, Template]) -> Template:
    return templates["parakeet-prod"]


@pytest.fixture(scope="session")
def reconfigured() -> Template:
    """prod's stack with other settings, for what is the configuration's."""
    return synthesized(
        changed(
            PROD,
            account_id="123456789012",
            tags={"Team": "quant", "CostCentre": "42"},
            api={
                "access_audience": "of-the-file",
                "access_team": "another-team",
                "cors_origins": ("https://example.com",),
                "throttle_rps": 7,
                "throttle_burst": 9,
            },
            functions={"trades": {"timeout_seconds": 7}},
            schedule={"expression": "rate(12 hours)", "enabled": False},
            storage={
                "cache": {
                    "old_versions_days": 7,
                    "expire_after_days": 365,
                    "transitions": ({"after_days": 60, "storage_class": "GLACIER_IR"},),
                }
            },
        )
    )


@pytest.fixture(scope="session")
def in_a_stand_in() -> Mapping[str, Template]:
    """The stacks of dev and prod in a stand-in of AWS, though both name their account."""
    environments = [changed(each, account_id="123456789012") for each in (DEV, PROD)]
    return synthesized_stacks(environments, Target(is_aws=False))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the application, to be broken."""
    here = Path(__file__).parents[1]
    copy = tmp_path / "project"
    for folder in SOURCES:
        shutil.copytree(here / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("main.py", "pyproject.toml"):
        shutil.copy(here / file, copy / file)
    return copy
