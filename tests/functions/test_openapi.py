"""The API's description: current and valid."""

import json
from typing import Any

import pytest

from functions.data import handler as data
from functions.openapi import FILE, openapi
from functions.scanner import handler as scanner
from functions.strategies import handler as strategies
from functions.trades import handler as trades


@pytest.fixture(scope="module")
def written() -> str:
    return openapi()


@pytest.fixture(scope="module")
def described(written: str) -> Any:
    return json.loads(written)


def test_the_description_that_is_checked_in_is_current(written: str) -> None:
    assert FILE.read_text(encoding="utf-8") == written, "run `python -m functions.openapi`"


def test_every_operation_names_what_the_gateway_answers_in_front_of_it(described: Any) -> None:
    for path, operations in described["paths"].items():
        for operation in operations.values():
            gateways = {"404", "429", "503"} | (set() if path == "/health" else {"401", "403"})
            assert gateways <= operation["responses"].keys()
            assert bool(operation["security"]) == (path != "/health")


@pytest.mark.parametrize("status", ["401", "403", "404", "413", "429", "500", "503"])
def test_what_the_gateway_may_answer_is_its_message_with_its_id_of_the_request(
    described: Any, status: str
) -> None:
    answer = described["components"]["responses"][status]
    schema = answer["content"]["application/json"]["schema"]
    assert {"$ref": "#/components/schemas/GatewayError"} in [schema, *schema.get("anyOf", [])]
    assert "apigw-requestid" in answer["headers"]
    assert list(described["components"]["schemas"]["GatewayError"]["properties"]) == ["message"]


def test_no_integer_in_a_path_or_query_is_what_python_alone_takes_for_one() -> None:
    integers = [
        field
        for handler in (data, scanner, strategies, trades)
        for route in handler.api.routes
        for field in (*route.dependant.path_params, *route.dependant.query_params)
        if type(field.validate("1", loc=())[0]) is int
    ]
    assert {field.name for field in integers} == {"limit", "page", "page_size", "result_id", "trade"}
    assert all(field.validate("1_0", loc=())[1] for field in integers)


def test_an_operation_is_named_once(described: Any) -> None:
    names = [
        operation["operationId"]
        for operations in described["paths"].values()
        for operation in operations.values()
    ]
    assert len(set(names)) == len(names)


def test_a_decimal_is_a_number_or_its_text_in_a_request_and_a_number_in_an_answer(described: Any) -> None:
    schemas = described["components"]["schemas"]
    number, text = schemas["NewTrade"]["properties"]["quantity"]["anyOf"]
    assert (number["type"], number["exclusiveMinimum"]) == ("number", 0)
    assert (text["type"], text["pattern"]) == ("string", r"^[0-9]{1,12}(\.[0-9]{1,8})?$")
    answer = described["paths"]["/trades"]["post"]["responses"]["201"]["content"]["application/json"]
    trade = schemas[answer["schema"]["$ref"].rpartition("/")[2]]
    assert trade["properties"]["quantity"]["type"] == "number"
