"""Brings the database's schema up to date. Once or often, alone or at once: the result is the same."""

from functions.database.address import DatabaseSecret, parse
from functions.database.connection import DatabaseVariables
from functions.database.migrations.schema import migrate
from functions.runtime.log import log
from functions.runtime.secrets import Secret


def handler(_event: object, _context: object) -> dict[str, str | None]:
    """Answers `{"revision": "0002", "was": "0001"}` to any event. Raises what went wrong."""
    secret = Secret(DatabaseVariables.read().secrets_arn, DatabaseSecret)
    was, revision = migrate(parse(secret.read().url).direct.parameters())
    log.info("schema is up to date", extra={"revision": revision, "was": was})
    return {"revision": revision, "was": was}
