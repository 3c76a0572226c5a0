"""Who can reach the platform from outside: routes, authorizers, CORS, throttles, public access, TLS."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from review.changes import Argument, Change, Comparison, arguments, told_apart
from review.finding import Finding, Part
from review.permissions import Permission, Permissions, lost
from review.shapes import Block, block, listed
from review.stack import Stack, without_attributes
from review.values import difference, shown

WHOLE = {
    "aws_api_gateway_rest_api": "API",
    "aws_apigatewayv2_api_mapping": "way to an API by a domain",
    "aws_apigatewayv2_authorizer": "authorizer",
    "aws_apigatewayv2_domain_name": "domain",
    "aws_apigatewayv2_vpc_link": "way into a network",
    "aws_cloudfront_distribution": "distribution",
    "aws_eip": "public address",
    "aws_internet_gateway": "way from and to the Internet",
    "aws_lambda_function_url": "function URL, which the API's authorizer does not guard,",
    "aws_lambda_layer_version_permission": "permission for others to use a layer",
    "aws_lb": "load balancer",
    "aws_lb_listener": "port of a load balancer",
    "aws_route53_record": "name in DNS",
    "aws_s3_access_point": "way to a bucket",
    "aws_s3_account_public_access_block": "bar against public access to all buckets",
    "aws_s3_bucket_acl": "access list of a bucket",
    "aws_s3_bucket_cors_configuration": "CORS of a bucket",
    "aws_s3_bucket_ownership_controls": "ownership of a bucket's objects",
    "aws_s3_bucket_public_access_block": "bar against public access to a bucket",
    "aws_s3_bucket_website_configuration": "website of a bucket",
    "aws_security_group": "security group",
    "aws_security_group_rule": "way through a security group",
    "aws_sns_topic_subscription": "subscription",
    "aws_vpc_security_group_egress_rule": "way out through a security group",
    "aws_vpc_security_group_ingress_rule": "way in through a security group",
}
"""Types that are about nothing else."""

# Which one of a list, in an argument's path.
_ELEMENT = re.compile(r"\[[^\]]*\]")
# Of a list's elements: so few are named.
_FEW = 5
BARS = {
    "aws_iam_role_policies_exclusive": "inline policies that are not in the code stay on a role",
    "aws_iam_role_policy_attachments_exclusive": "policies that are attached elsewhere stay on a role",
}
"""Types that matter here when they go: what is possible then."""

_ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "aws_apigatewayv2_api": (
        "body",
        "cors_configuration",
        "disable_execute_api_endpoint",
        "ip_address_type",
        "protocol_type",
        "route_key",
        "route_selection_expression",
        "target",
    ),
    "aws_apigatewayv2_integration": (
        "connection_id",
        "connection_type",
        "integration_method",
        "integration_subtype",
        "integration_type",
        "integration_uri",
        "request_parameters",
        "tls_config",
    ),
    "aws_apigatewayv2_stage": ("default_route_settings", "route_settings", "auto_deploy"),
    "aws_db_instance": ("publicly_accessible",),
    "aws_lambda_function": ("vpc_config",),
    "aws_s3_bucket": ("acl", "grant", "website", "cors_rule"),
    "aws_s3_object": ("acl",),
}
# Where something is sent to, or taken from.
_ELSEWHERE: Mapping[str, tuple[str, ...]] = {
    "aws_apigatewayv2_stage": ("access_log_settings.destination_arn",),
    "aws_cloudwatch_event_target": ("arn", "dead_letter_config.arn"),
    "aws_cloudwatch_metric_alarm": ("alarm_actions", "insufficient_data_actions", "ok_actions"),
    "aws_lambda_event_source_mapping": ("event_source_arn", "destination_config.on_failure.destination_arn"),
    "aws_lambda_function": ("dead_letter_config.target_arn", "image_uri", "layers", "s3_bucket"),
    "aws_lambda_function_event_invoke_config": (
        "destination_config.on_failure.destination",
        "destination_config.on_success.destination",
    ),
    "aws_lambda_layer_version": ("s3_bucket",),
    "aws_s3_bucket_logging": ("target_bucket",),
}
_OWN = re.compile(r"\$\{(aws_\w+\.[\w-]+)\.\w+\}")
# How a route is guarded; what else is said of it only Terraform knows.
_GUARDED = ("AWS_IAM", "CUSTOM", "JWT")
# A new one is a way in, whatever its arguments are.
_WAYS_IN = {"aws_apigatewayv2_api", "aws_apigatewayv2_stage"}
_NO_TLS = {f"`aws:securetransport` {test} `false`" for test in ("bool", "boolifexists")}
# What an API's own document says stands beside its routes, or instead of them.
_DOCUMENT = "an OpenAPI document makes routes of its own, and says who guards them: it is not read here"


def exposure(comparison: Comparison) -> Iterator[Finding]:
    """The findings of a stack."""
    guards = _guards(comparison.old) | _guards(comparison.new)
    for change in comparison.changes:
        yield from _strangers(comparison, change)
        if change.address in guards:
            yield from _of_guard(comparison, change)
        if change.kind == "aws_apigatewayv2_route":
            texts = list(_route(comparison, change))
        elif change.kind in BARS:
            texts = list(_bar(change))
        elif change.kind in WHOLE:
            texts = list(_whole(comparison, change))
        elif change.before is None:
            texts = list(_new(comparison, change))
        else:
            yield from _arguments(comparison, change)
            continue
        for text, told in texts:
            yield Finding(Part.EXPOSURE, text, comparison.construct(change), (f"{change.address}:{told}",))
    yield from _without_tls(comparison)


def _guards(stack: Stack) -> set[str]:
    """Addresses of the functions that APIs ask who calls, and of their aliases."""
    called = stack.references(list(stack.of("aws_apigatewayv2_authorizer").values()))
    aliases = stack.of("aws_lambda_alias")
    return called | stack.references([aliases[address] for address in called & {*aliases}])


def _of_guard(comparison: Comparison, change: Change) -> Iterator[Finding]:
    """Its variables say whose tokens it lets in."""
    for argument in change.arguments:
        if change.kind == "aws_lambda_function" and argument.top == "environment":
            text = f"{comparison.label(change)}, which guards an API: {difference(argument, whole=True)}"
            told = (f"{change.address}:{argument.path}",)
            yield Finding(Part.EXPOSURE, text, comparison.construct(change), told)


def _strangers(comparison: Comparison, change: Change) -> Iterator[Finding]:
    """What leads to another account from now on, or to what is no resource of the stack."""
    for path in _ELSEWHERE.get(change.kind, ()):
        was, now = (_values(given, path) for given in (change.before, change.after))
        others = [one for one in now if one not in was and not _is_own(comparison.new, one)]
        if not others:
            continue
        whose = f"{', '.join(shown(one) for one in others)} is **no resource of this stack**"
        text = f"{comparison.label(change)}: `{path}` {whose}"
        told = () if change.before is None else (f"{change.address}:{path}",)
        if gone := [one for one in was if one not in now]:
            text += f", instead of {', '.join(shown(comparison.old.canonical(one)) for one in gone)}"
        yield Finding(Part.EXPOSURE, text, comparison.construct(change), told)


def _values(given: Block | None, path: str) -> list[str]:
    *within, last = path.split(".")
    found = given or {}
    for name in within:
        found = block(found.get(name))
    return [str(one) for one in listed(found.get(last))]


def _is_own(stack: Stack, value: str) -> bool:
    found = _OWN.fullmatch(value)
    return found is not None and found[1] in stack.resources


def _bar(change: Change) -> Iterator[tuple[str, str]]:
    if change.after is None:
        yield f"`{change.address}` is **gone**: {BARS[change.kind]}", "*"
    before, after = (
        {str(name) for name in listed((given or {}).get("policy_names"))}
        for given in (change.before, change.after)
    )
    # A reference is to a policy of the stack's own.
    if spared := sorted(name for name in after - before if "${" not in name):
        what = " and ".join(f"`{name}`" for name in spared)
        yield (
            f"`{change.address}`: {what}, which is not in the code, may stay on a role, whatever it allows",
            "",
        )
    for argument in change.arguments:
        if change.before is not None and argument.top == "role_name":
            text = f"`{change.address}` is about another role, {difference(argument)}: {BARS[change.kind]}"
            yield f"{text} that it was about", argument.path


def _new(comparison: Comparison, change: Change) -> Iterator[tuple[str, str]]:
    """What there is of its exposure, in one sentence."""
    given = comparison.new.canonical(change.after)
    found = {name: given[name] for name in _ARGUMENTS.get(change.kind, ()) if name in given}
    if found or change.kind in _WAYS_IN:
        text = f"{comparison.label(change)} is new, {shown(found, whole='body' not in found)}"
        if "body" in found:
            text += f": {_DOCUMENT}"
        if change.kind == "aws_apigatewayv2_stage" and not _throttled(given):
            text += ", **without a throttle**"
        yield text, "*"


def _throttled(stage: Block) -> bool:
    return bool(block(stage.get("default_route_settings")).get("throttling_rate_limit"))


def _arguments(comparison: Comparison, change: Change) -> Iterator[Finding]:
    """Of a list's elements that change alike, as each route's share of the throttle, one for all."""
    alike: dict[tuple[str, str], list[tuple[Argument, Argument]]] = {}
    for each, argument in [(whole, part) for whole in change.arguments for part in _parts(whole)]:
        if argument.top in _ARGUMENTS.get(change.kind, ()):
            whole = replace(
                argument,
                path=_ELEMENT.sub("", argument.path),
                before=_unnamed(argument.before, argument.path),
                after=_unnamed(argument.after, argument.path),
            )
            alike.setdefault((whole.path, _said(whole)), []).append((each, argument))
    for (_, text), same in alike.items():
        found = [argument for _, argument in same]
        what = _said(found[0]) if len(found) == 1 else f"{text}, {_which(comparison, change, found)}"
        yield Finding(
            Part.EXPOSURE,
            f"{comparison.label(change)}: {what}",
            comparison.construct(change),
            # A list that comes or goes as a whole is told as a whole.
            tuple(f"{change.address}:{each.path}" for each, _ in same),
        )


def _said(argument: Argument) -> str:
    if argument.top == "body":
        return f"{difference(argument)}: {_DOCUMENT}"
    return difference(argument, whole=True)


def _parts(argument: Argument) -> list[Argument]:
    """Of a list that comes or goes as a whole, its elements: written out at once, the last would be cut."""
    if not told_apart(argument.before, argument.after):
        return [argument]
    return list(arguments(argument.before or [], argument.after or [], argument.path))


def _which(comparison: Comparison, change: Change, found: Sequence[Argument]) -> str:
    """The elements by their names; nearly all routes by those that they are not."""
    names = [name[1:-1] for argument in found for name in _ELEMENT.findall(argument.path)]
    # The page says itself which routes come and go; who is granted a bucket is said here or nowhere.
    if found[0].top == "route_settings" and len(names) == len(found) > _FEW:
        before = comparison.old.canonical(change.before or {})
        after = comparison.new.canonical(change.after or {})
        elements = told_apart(before.get(found[0].top), after.get(found[0].top))
        others = [name for name in elements if name not in names]
        if len(others) <= _FEW:
            but = without_attributes(f" but {', '.join(others)}") if others else ""
            return f"of all {len(found)}{but}"
    return without_attributes(f"of each of {len(found)}: {', '.join(names)}")


def _unnamed(element: Any, path: str) -> Any:
    """An element that is new or gone, without what its path says already: which one of the list it is."""
    if not isinstance(element, dict):
        return element
    names = {name[1:-1] for name in _ELEMENT.findall(path)}
    return {key: value for key, value in element.items() if not (isinstance(value, str) and value in names)}


def _route(comparison: Comparison, change: Change) -> Iterator[tuple[str, str]]:
    label = comparison.label(change).replace("route ", "route `", 1) + "`"
    if change.before is None and change.after is not None:
        yield f"{label} is new, {_guard(comparison.new, change.after)}", "*"
    elif change.after is None and change.before is not None:
        yield f"{label} is gone (it was {_guard(comparison.old, change.before)})", "*"
    elif change.before is not None and change.after is not None:
        before, after = _guard(comparison.old, change.before), _guard(comparison.new, change.after)
        for argument in change.arguments:
            if argument.top in ("authorization_type", "authorizer_id") and before != after:
                yield f"{label} was {before}, and is now {after}", argument.path
            else:
                yield f"{label}: {difference(argument, whole=True)}", argument.path


def _guard(stack: Stack, route: Block) -> str:
    kind = route.get("authorization_type", "NONE")
    if kind == "NONE":
        return "**open to everybody**"
    if kind not in _GUARDED:
        return f"guarded or **open to everybody**, as {shown(stack.canonical(kind))} says"
    authorizer = route.get("authorizer_id")
    by = f" by {stack.readable(str(authorizer))}" if authorizer else ""
    return f"guarded ({kind}{by})"


def _whole(comparison: Comparison, change: Change) -> Iterator[tuple[str, str]]:
    what = WHOLE[change.kind]
    given, stack = (
        (change.before or {}, comparison.old) if change.after is None else (change.after, comparison.new)
    )
    name = comparison.label(change)
    about = given.get("bucket") or given.get("function_name") or given.get("topic_arn")
    if about:
        name = f"{stack.readable(str(about))} (`{change.address}`)"
    if change.before is None:
        details = {key: stack.canonical(part) for key, part in given.items() if key != "depends_on"}
        yield f"{name}: a new {what} {shown(details, whole=True)}", "*"
    elif change.after is None:
        yield f"{name}: the {what} is **gone**", "*"
    else:
        for argument in change.arguments:
            yield f"{name}: {difference(argument, whole=True)}", argument.path


def _without_tls(comparison: Comparison) -> Iterator[Finding]:
    """Resources that refused requests without TLS and no longer do."""
    now = {
        (one.action, one.resource) for one in Permissions.of(comparison.new).all if _refuses_without_tls(one)
    }
    no_longer = {
        one.resource
        for one in lost(comparison)
        if _refuses_without_tls(one) and (one.action, one.resource) not in now
    }
    if not no_longer:
        return
    there = {comparison.new.label(address) for address in comparison.new.resources}
    for resource in sorted(set(map(without_attributes, no_longer))):
        if resource in there:
            yield Finding(Part.EXPOSURE, f"{resource} **answers without TLS**", "")


def _refuses_without_tls(permission: Permission) -> bool:
    return (
        permission.denied
        and permission.principal == "everybody"
        and len(permission.conditions) == 1
        and permission.conditions[0].casefold() in _NO_TLS
    )
