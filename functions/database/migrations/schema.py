"""Bringing a database's schema up to date."""

from collections.abc import Mapping
from importlib import resources
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

# "parakeet" as a number that no other program is likely to lock.
LOCK = 0x7061726B


def migrate(parameters: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Applies what is missing, all or nothing; others who do the same at the same time wait.

    `parameters` are psycopg's. Returns the revision before and after.
    """
    config = Config()
    config.set_main_option(
        "script_location", str(resources.files("functions.database.migrations")).replace("%", "%%")
    )
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(**parameters, prepare_threshold=None),
        poolclass=NullPool,
    )
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        # PostgreSQL sets it free with the transaction, also if this process is killed, and a pooler cannot
        # lose it. Before anything is read: who waited sees what the other has done.
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        before = _revision(connection)
        command.upgrade(config, "head")
        return before, _revision(connection)


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(
        connection, opts={"version_table_schema": "parakeet"}
    ).get_current_revision()
