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
        before = _revision(connection)
        command.upgrade(config, "head")
        return before, _revision(connection)


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(
        connection, opts={"version_table_schema": "parakeet"}
    ).get_current_revision()
