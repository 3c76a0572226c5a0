"""What is made anew is what the real Terraform says; no account and no deployment is needed."""

from collections.abc import Callable, Iterator, Mapping

import pytest

from review.finding import Part
from review.planner import Planner
from tests.review.documents import assess, changed, move, one, stacks, texts
from tests.template import Block, Template
from tests.terraform.kept_provider import KeptProvider, installed_provider

# Without Terraform they are skipped, as the others with it are.
pytestmark = [pytest.mark.terraform, pytest.mark.usefixtures("mirror")]


@pytest.fixture(scope="module")
def planner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planner]:
    """With its provider kept running."""
    planner = Planner()
    program = installed_provider(planner._folder, planner._variables)
    kept = KeptProvider(program, tmp_path_factory.mktemp("provider"), planner._variables)
    # Not before it has prepared itself: what it keeps of the description is of all types.
    planner._variables = planner._variables | kept.variables
    yield planner
    kept.stop()


def _renamed_queue(document: Block) -> None:
    one(document, "aws_sqs_queue", "dead_letters")["name"] += "-new"


def _moved_and_renamed_bucket(document: Block) -> None:
    move(document, "aws_s3_bucket", "logs", "journal")["bucket"] += "-2"


def _moved_queue(document: Block) -> None:
    move(document, "aws_sqs_queue", "dead_letters", "failures")["visibility_timeout_seconds"] = 60


def _table_with_another_key(document: Block) -> None:
    document["resource"]["aws_dynamodb_table"]["locks"]["hash_key"] = "Id"
    document["resource"]["aws_dynamodb_table"]["locks"]["attribute"] = [{"name": "Id", "type": "S"}]


def _default_written_out(document: Block) -> None:
    one(document, "aws_cloudwatch_event_rule", "scheduler_rule")["event_bus_name"] = "default"
    one(document, "aws_sqs_queue", "dead_letters")["fifo_queue"] = False


def _larger(document: Block) -> None:
    one(document, "aws_lambda_function", "trades")["memory_size"] = 3008
    one(document, "aws_sqs_queue", "dead_letters")["visibility_timeout_seconds"] = 60


def test_a_renamed_queue_is_made_anew_because_of_its_name(
    templates: Mapping[str, Template], planner: Planner
) -> None:
    old = stacks(templates)
    found = assess(old, changed(old, _renamed_queue, "prod"), planner)
    queue = "queue potential-parakeet-lambda-dlq-prod"
    assert texts(found, Part.DATA) == [
        f"{queue} is **destroyed and made anew** as {queue}-new, its messages lost: `name` forces it"
    ]
    assert texts(found, Part.UNKNOWN) == []


def test_a_moved_block_hides_no_replacement(templates: Mapping[str, Template], planner: Planner) -> None:
    old = stacks(templates)
    found = assess(old, changed(old, _moved_and_renamed_bucket, "prod"), planner)
    bucket = "potential-parakeet-logs-prod"
    assert texts(found, Part.DATA) == [
        f"{bucket} is **destroyed and made anew** as {bucket}-2, its objects lost: `bucket` forces it"
    ]
    assert texts(found, Part.UNKNOWN) == []


def _log_named_after_its_function(document: Block) -> None:
    log = one(document, "aws_cloudwatch_log_group", "trades")
    log["name"] = "/aws/lambda/${aws_lambda_function.trades.function_name}"


def _renamed_function(document: Block) -> None:
    one(document, "aws_lambda_function", "trades")["function_name"] += "-2"


def test_what_holds_data_and_is_made_anew_along_is_data_at_risk(
    templates: Mapping[str, Template], planner: Planner
) -> None:
    old = changed(stacks(templates), _log_named_after_its_function, "prod")
    found = assess(old, changed(old, _renamed_function, "prod"), planner)
    (text,) = texts(found, Part.DATA)
    assert text.endswith(" is **destroyed and made anew**, its log events lost: `name` forces it")
    assert text.startswith("log group /aws/lambda/")
    assert not any("aws_cloudwatch_log_group" in text for text in texts(found, Part.REST))


def test_a_table_with_another_key_is_made_anew_and_refuses(
    templates: Mapping[str, Template], planner: Planner
) -> None:
    old = stacks(templates)
    found = assess(old, changed(old, _table_with_another_key, "bootstrap"), planner)
    (text,) = texts(found, Part.DATA)
    assert text.startswith(
        "table terraform-state-lock is **destroyed and made anew**, its items lost: `hash_key`"
    )
    assert text.endswith("`prevent_destroy` makes Terraform refuse as long as it is in the code")


def _named_by_another_provider(document: Block) -> None:
    document["resource"]["random_pet"] = {"name": {"length": 1}}
    document["data"]["external"] = {"name": {"program": ["true"]}}
    one(document, "aws_sqs_queue", "dead_letters")["tags"] = {
        "Pet": "${random_pet.name.id}",
        "Name": "${upper(data.external.name.result.name)}",
    }


def _renamed_with_its_namer(document: Block) -> None:
    document["resource"]["random_pet"]["name"]["length"] = 2
    _renamed_queue(document)


def test_what_is_another_providers_hides_nothing_but_what_refers_to_it(
    templates: Mapping[str, Template], planner: Planner
) -> None:
    old = changed(stacks(templates), _named_by_another_provider, "prod")
    found = assess(old, changed(old, _renamed_with_its_namer, "prod"), planner)
    assert any("`name` forces it" in text for text in texts(found, Part.DATA))
    unknown, *_ = texts(found, Part.UNKNOWN)
    assert unknown == (
        "`random_pet.name` `length` `1` → `2`: what `random_pet` does is not understood here, "
        "nor what becomes of `aws_sqs_queue.dead_letters`"
    )


def _made_anew_with_a_function(document: Block) -> None:
    by = {"replace_triggered_by": ["aws_lambda_function.trades"]}
    one(document, "aws_sqs_queue", "dead_letters")["lifecycle"] = by
    _larger(document)


def test_what_is_made_anew_with_another_is_planned_with_the_rest(
    templates: Mapping[str, Template], planner: Planner
) -> None:
    old = stacks(templates)
    found = assess(old, changed(old, _made_anew_with_a_function, "prod"), planner)
    (text,) = texts(found, Part.DATA)
    assert text.endswith("`aws_lambda_function.trades` changes (`replace_triggered_by`)")
    assert texts(found, Part.UNKNOWN) == []


def _refused(document: Block) -> None:
    one(document, "aws_sqs_queue", "dead_letters")["message_retention_seconds"] = -1


def test_what_terraform_refuses_in_one_stack_hides_nothing_of_another(
    templates: Mapping[str, Template], planner: Planner
) -> None:
    old = stacks(templates)
    new = changed(changed(old, _renamed_queue, "prod"), _refused, "dev")
    found = assess(old, new, planner)
    assert any("`name` forces it" in text for text in texts(found, Part.DATA))
    (unknown,) = [finding for finding in found if finding.part is Part.UNKNOWN]
    assert unknown.stacks == ("parakeet-dev",)
    assert unknown.text.startswith("which changed resources are made anew: terraform plan failed: Error")


@pytest.mark.parametrize("change", [_default_written_out, _larger, _moved_queue])
def test_what_is_only_updated_or_written_out_is_not_made_anew(
    change: Callable[[Block], None], templates: Mapping[str, Template], planner: Planner
) -> None:
    old = stacks(templates)
    found = assess(old, changed(old, change, "dev"), planner)
    assert texts(found, Part.DATA) == []
    assert texts(found, Part.UNKNOWN) == []
    assert not any("made anew" in text for text in texts(found, Part.REST))
