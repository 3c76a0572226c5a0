"""A database for every environment that a test deploys."""

import psycopg
from psycopg import sql

from local.postgres.database import DATABASE
from local.postgres.server import Postgres
from tests.terraform.account import Account


class Databases:
    """Made in one PostgreSQL as they are asked for. Addresses and password are added to `unwritten`."""

    def __init__(self, postgres: Postgres, unwritten: set[str]) -> None:
        self._postgres = postgres
        self._unwritten = unwritten
        unwritten.add(postgres.password)
        self._names: dict[tuple[str, str], str] = {}

    def url_for(self, account: Account, environment: str) -> str:
        """The one of the environment in that account, empty the first time."""
        key = (account.aws.endpoint, environment)
        if key not in self._names:
            name = f"{environment}_{len(self._names)}"
            with psycopg.connect(self._postgres.url(DATABASE), autocommit=True) as connection:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            self._names[key] = name
        url = self._postgres.url(self._names[key])
        self._unwritten.add(url)
        return url
