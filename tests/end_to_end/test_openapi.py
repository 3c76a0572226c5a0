"""Whatever the OpenAPI document allows is asked through the gateway, and answered as it says."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.end_to_end.served import ANSWER_SECONDS, HEADER, Served, ingested

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("end_to_end")]

CASES = 8
"""Of each operation: every request goes through the gateway and a function."""


@pytest.fixture(scope="module", autouse=True)
def _ingests_that_end_at_once(served: Served) -> Iterator[None]:
    """`POST /data/refresh` of everything would go on for minutes: a refused key ends it.

    Until something is ingested, a scan of the market is a 503, which is no answer to what is asked here.
    """
    ingested(served, ["SPY"])
    served.platform.market_data.fail("wrong key")
    yield
    served.platform.market_data.recover()


@pytest.fixture(scope="module")
def token(served: Served) -> str:
    return served.platform.team.tokens.person("fuzzing@parakeet.example")


@pytest.fixture(scope="module")
def described() -> BaseSchema:
    # A failure is told with the request that it was an answer to.
    hidden = {"output": {"sanitization": {"keys-to-sanitize": [HEADER]}}}
    return schemathesis.openapi.from_path(
        Path(__file__).parents[2] / "openapi.json", config=SchemathesisConfig.from_dict(hidden)
    )


# Of a fixture: made up when it runs, and not in every process that collects tests.
@pytest.mark.usefixtures("in_subtests")
@schemathesis.pytest.from_fixture("described").parametrize()
@settings(
    max_examples=CASES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_whatever_the_document_allows_is_answered_as_it_says_and_never_with_a_server_error(
    case: schemathesis.Case[Any], served: Served, token: str
) -> None:
    end = time.monotonic() + ANSWER_SECONDS
    while (
        response := case.call(base_url=served.url, headers={HEADER: token}, timeout=60)
    ).status_code == 429:
        # Allowed, too, but no answer of a function.
        assert time.monotonic() < end, "it is throttled for ever"
        time.sleep(float(response.headers.get("retry-after", ["0.2"])[0]))
    case.validate_response(
        response,
        checks=[
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
        ],
    )
