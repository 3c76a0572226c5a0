"""The function by which a deployment brings the schema up to date."""

from typing import Any

import pytest

from functions.database.address import DatabaseSecret
from functions.migrate import handler
from functions.runtime.secrets import Secret

# Alembic takes a second to import.
pytestmark = pytest.mark.integration

URL = "postgresql://user:made-up@ep-cool-1-pooler.us-east-1.aws.neon.tech/db?sslmode=require"


def test_the_schema_is_brought_up_to_date_past_the_pooler_and_the_answer_tells_from_what_to_what(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hosts = []

    def migrate(parameters: dict[str, Any]) -> tuple[str, str]:
        hosts.append(parameters["host"])
        return "0001", "0002"

    monkeypatch.setattr(handler, "migrate", migrate)
    monkeypatch.setattr(Secret, "read", lambda _: DatabaseSecret(NEON_DATABASE_URL=URL))
    assert handler.handler({}, None) == {"was": "0001", "revision": "0002"}
    assert hosts == ["ep-cool-1.us-east-1.aws.neon.tech"]
