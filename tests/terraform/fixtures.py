"""AWS accounts, a PostgreSQL and folders to deploy from, for all tests with the real Terraform.

Mostly they wait for the AWS provider's own timers, so the groups run side by side (`make test`).
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from config.environments import ENVIRONMENTS
from config.names import secrets_stack_name
from deployment.programs import PrerequisiteError, find_terraform
from deployment.provider_search import find_provider_mirror
from local.embedded_aws import EmbeddedAws
from local.made_up import made_up_secrets
from local.postgres.server import Postgres
from packages import layer
from tests.terraform.account import Account
from tests.terraform.databases import Databases
from tests.terraform.deployments import OpenWorkspace
from tests.terraform.direct_workspace import DirectWorkspace


@pytest.fixture(scope="session")
def mirror() -> Path | None:
    """Where Terraform's provider comes from. Without Terraform tests are skipped, but not in CI."""
    try:
        return find_provider_mirror(find_terraform(os.environ).platform, os.environ)
    except PrerequisiteError as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """All that is written here; gone at the end."""
    with tempfile.TemporaryDirectory(prefix="parakeet-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@pytest.fixture(scope="module")
def temporary() -> Iterator[Path]:
    """A folder for the temporary files of a program, which PostgreSQL's own user can reach as it can /tmp."""
    with tempfile.TemporaryDirectory(prefix="parakeet-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture(scope="session")
def databases(unwritten: set[str]) -> Iterator[Databases]:
    """A PostgreSQL for all environments that are deployed here, each with a database of its own.

    Not below `folder`, which is searched for secrets: PostgreSQL's own keeps the login's password, in a file
    that only its owner may read.
    """
    with (
        tempfile.TemporaryDirectory(prefix="parakeet-postgres-", ignore_cleanup_errors=True) as name,
        Postgres(Path(name)) as postgres,
    ):
        yield Databases(postgres, unwritten)


@pytest.fixture(scope="session")
def secrets() -> dict[str, str]:
    """The variables that hold this run's secrets, but the database's address, which is each account's own."""
    return made_up_secrets()


@pytest.fixture(scope="session")
def unwritten(secrets: dict[str, str]) -> set[str]:
    """The values that no file and no state may hold. A test that makes up another one adds it."""
    return set(secrets.values())


@pytest.fixture(scope="session")
def accounts() -> list[Account]:
    """Every account that was opened."""
    return []


@pytest.fixture(scope="session")
def open_account(
    mirror: Path | None,  # noqa: ARG001 - skips first
    folder: Path,
    accounts: list[Account],
) -> Iterator[Callable[[], Account]]:
    """Starts an AWS of one's own, which runs functions."""
    with ExitStack() as running:

        def open_account() -> Account:
            place = Path(tempfile.mkdtemp(dir=folder, prefix="aws-"))
            aws = EmbeddedAws(
                place / "aws.log",
                twins={name: layer.twin(name).path for name in layer.LAYERS},
                functions_log=place / "functions.log",
            )
            with pytest.MonkeyPatch.context() as patch:
                # What functions leave on their disks is looked through, too.
                patch.setenv("TMPDIR", str(place))
                accounts.append(Account(running.enter_context(aws)))
            return accounts[-1]

        yield open_account


@pytest.fixture(scope="session")
def open_workspace(
    open_account: Callable[[], Account],  # noqa: ARG001 - stops after what uses it
    mirror: Path | None,
    folder: Path,
    secrets: dict[str, str],
    databases: Databases,
) -> Iterator[OpenWorkspace]:
    """Opens a folder to deploy to an account from; those of one name in one account share a database."""
    with ExitStack() as running:

        def open_workspace(account: Account, name: str, *, database: str | None = None) -> DirectWorkspace:
            url = databases.url_for(account, database or name)
            given = secrets | {"TF_VAR_neon_database_url": url}
            place = Path(tempfile.mkdtemp(dir=folder, prefix=f"{name}-"))
            return running.enter_context(
                DirectWorkspace(
                    place,
                    mirror,
                    account.aws.variables(os.environ),
                    secrets={secrets_stack_name(each.name): given for each in ENVIRONMENTS},
                )
            )

        yield open_workspace
