"""What is invoked by an alias is called by its name."""

from collections.abc import Mapping

from review.finding import Part
from review.permissions import Permissions, in_words
from review.shapes import Block
from review.stack import Stack
from tests.review.documents import assess, changed, one, stacks, texts
from tests.template import Template


def test_an_alias_is_called_as_in_its_arn_wherever_a_permission_is_for_it(
    templates: Mapping[str, Template],
) -> None:
    stack: Stack = stacks(templates)["parakeet-prod"]
    assert stack.label("aws_lambda_alias.trades") == "function potential-parakeet-trades-api-prod:live"
    permissions = in_words(Permissions.of(stack).all, stack.environment)
    invoked = {each.resource for each in permissions if each.action == "lambda:InvokeFunction"}
    assert invoked
    assert all(resource.endswith("-prod:live") for resource in invoked), invoked


def test_which_version_an_alias_is_for_is_behaviour(templates: Mapping[str, Template]) -> None:
    def pin(document: Block) -> None:
        one(document, "aws_lambda_alias", "trades")["function_version"] = "1"

    old = stacks(templates)
    (text,) = texts(assess(old, changed(old, pin, "prod")), Part.BEHAVIOUR)
    assert text.startswith("function potential-parakeet-trades-api-prod:live: `function_version` ")
