"""What holds data and is destroyed, made anew, or protected and kept less than before."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from review.changes import Argument, Change, Comparison, arguments
from review.finding import Finding, Part
from review.replacement import Replacement
from review.shapes import Block, block, blocks, listed
from review.values import difference, shown

_GIVEN = re.compile(r"\b(?:local|var)\.")
HOLDERS: Mapping[str, str] = {
    "aws_cloudwatch_log_group": "log events",
    "aws_db_instance": "database",
    "aws_dynamodb_table": "items",
    "aws_ebs_volume": "blocks",
    "aws_efs_file_system": "files",
    "aws_elasticache_cluster": "cache",
    "aws_kms_key": "key, and with it all that is encrypted by it,",
    "aws_rds_cluster": "database",
    "aws_s3_bucket": "objects",
    "aws_secretsmanager_secret": "value",
    "aws_sqs_queue": "messages",
    "aws_ssm_parameter": "value",
}
"""Types that hold data, and what is lost with one."""

_NAMES = ("bucket", "name", "identifier", "cluster_identifier")
# Lower is shorter or less.
_LESS = {
    ("aws_cloudwatch_log_group", "retention_in_days"): "keeps log events {before} → {after} days",
    ("aws_secretsmanager_secret", "recovery_window_in_days"): (
        "can be had back for {before} → {after} days after it is destroyed"
    ),
    ("aws_dynamodb_table", "point_in_time_recovery.recovery_period_in_days"): (
        "can be restored to a point in the last {before} → {after} days"
    ),
    ("aws_kms_key", "deletion_window_in_days"): (
        "can be had back for {before} → {after} days after it is destroyed"
    ),
    ("aws_sqs_queue", "message_retention_seconds"): "keeps messages {before} → {after} s",
    ("aws_db_instance", "backup_retention_period"): "keeps backups {before} → {after} days",
}
# What is done where nothing is said (provider documentation); of a log group, for ever.
_BY_DEFAULT = {
    "backup_retention_period": 0,
    "deletion_window_in_days": 30,
    "message_retention_seconds": 345_600,
    "point_in_time_recovery.recovery_period_in_days": 35,
    "recovery_window_in_days": 30,
}
# Types that copy what is held to where others may have it: whose it is, and what is copied.
_COPIES = {
    "aws_cloudwatch_log_subscription_filter": ("log_group_name", "log events"),
    "aws_s3_bucket_replication_configuration": ("bucket", "objects"),
}
# Of a bucket, arguments in the place of resources of their own: rarely used, and told in full.
_OF_BUCKETS = {
    "lifecycle_rule",
    "object_lock_configuration",
    "server_side_encryption_configuration",
    "versioning",
}
# Of a backend, what says nothing of where the state is.
_OF_STATE = {
    "backend.s3.dynamodb_table": "Terraform's state is **no longer locked** by that table",
    "backend.s3.encrypt": "Terraform's state is **no longer encrypted** when it is written",
    "backend.s3.use_lockfile": "Terraform's state is **no longer locked** by a file beside it",
}
# What protects when it is true.
_PROTECTIONS = {
    ("aws_dynamodb_table", "deletion_protection_enabled"): "loses its protection from deletion",
    ("aws_dynamodb_table", "point_in_time_recovery"): "can no longer be restored to a point in time",
    ("aws_dynamodb_table", "server_side_encryption"): "changes its encryption",
    ("aws_sns_topic", "kms_master_key_id"): "is encrypted by another key, or none",
    ("aws_sqs_queue", "sqs_managed_sse_enabled"): "is no longer encrypted",
    ("aws_sqs_queue", "kms_master_key_id"): "is encrypted by another key, or none",
    ("aws_secretsmanager_secret", "kms_key_id"): "is encrypted by another key",
    ("aws_cloudwatch_log_group", "kms_key_id"): "is encrypted by another key, or none",
}


def data_at_risk(comparison: Comparison, replaced: Mapping[str, Replacement] | None) -> Iterator[Finding]:
    """The findings of a stack; `replaced` by address, None: not known."""
    for change in comparison.changes:
        label = comparison.label(change)
        construct = comparison.construct(change)
        for text, argument in [
            *_holder(comparison, change, label, _replacement(change, replaced)),
            *_protection(comparison, change, label),
            *_copied(comparison, change, label),
        ]:
            yield Finding(Part.DATA, text, construct, (f"{change.address}:{argument}",))
    yield from _along(comparison, replaced or {})
    yield from _triggered(comparison, replaced or {})
    for change in comparison.of("aws_s3_bucket_lifecycle_configuration"):
        yield from _shorter_life(comparison, change)
        yield from _archived(comparison, change)
    for change in comparison.of("aws_s3_object"):
        # Uploads are told by their packages.
        if change.before is not None and change.after is None and "source" not in change.before:
            name = f"{comparison.old.readable(str(change.before.get('bucket')))}/{change.before.get('key')}"
            text = f"{name} is **destroyed**, its content with it"
            yield Finding(Part.DATA, text, comparison.construct(change), (f"{change.address}:*",))
    yield from _no_longer_let_go_of(comparison)
    yield from _elsewhere(comparison)


def _replacement(change: Change, replaced: Mapping[str, Replacement] | None) -> Replacement | None:
    if replaced is not None:
        return replaced.get(change.address)
    # Without a plan, what is certain: nothing that holds data can be given another name.
    names = tuple(one.path for one in change.arguments if one.path in _NAMES and change.before)
    return Replacement(change.address, names) if names and change.after else None


def _holder(
    comparison: Comparison, change: Change, label: str, replacement: Replacement | None
) -> Iterator[tuple[str, str]]:
    holds = HOLDERS.get(change.kind)
    protected = _is_protected(change.before)
    if holds is None or change.before is None:
        return
    if change.after is None:
        if change.address in comparison.new.kept:
            yield f"{label} is let go of: it stays, and this stack no longer manages it", "*"
        elif comparison.new.document:
            yield f"{label} is **destroyed**, its {holds} with it{_refused(protected)}", "*"
        return
    was = comparison.was_called(change)
    renamed = f" as {label}" if was != label else ""
    anew = f"{was} is **destroyed and made anew**{renamed}, its {holds} lost"
    refused = _refused(protected and _is_protected(change.after))
    if change.old_address and not change.declared:
        why = f"its address changes from `{change.old_address}` to `{change.address}` without a `moved` block"
        yield f"{anew}: {why}{refused}", "moved"
    if replacement:
        yield f"{anew}: {replacement.reason}{refused}", "anew"


def _no_longer_let_go_of(comparison: Comparison) -> Iterator[Finding]:
    """What no `removed` block spares any more, and no resource is."""
    if not comparison.new.document:
        return
    moves = dict(comparison.new.moves)
    for address in sorted(comparison.old.kept - comparison.new.kept):
        if moves.get(address, address) not in comparison.new.resources:
            holds = HOLDERS.get(address.partition(".")[0])
            lost = f", its {holds} with it" if holds else ""
            text = f"`{address}` is no longer let go of: a state that still has it would **destroy** it{lost}"
            yield Finding(Part.DATA, text, "terraform")


def _along(comparison: Comparison, replaced: Mapping[str, Replacement]) -> Iterator[Finding]:
    """What holds data and is made anew though nothing of it has changed, because of what it refers to."""
    told = {change.address for change in comparison.changes}
    for address, replacement in replaced.items():
        holds = HOLDERS.get(replacement.kind)
        if holds is None or address in told:
            continue
        stack = comparison.new
        label = stack.label(address)
        name = f"`{address}`" if label == address else label
        refused = _refused(_is_protected(stack.resources.get(address)))
        text = f"{name} is **destroyed and made anew**, its {holds} lost: {replacement.reason}{refused}"
        yield Finding(Part.DATA, text, stack.construct(address), (f"{address}:anew",))


def _triggered(comparison: Comparison, replaced: Mapping[str, Replacement]) -> Iterator[Finding]:
    """What holds data and is made anew because something else changes: now, or some day."""
    changing = {*comparison.differing, *replaced}
    for address, given in comparison.new.resources.items():
        holds = HOLDERS.get(address.partition(".")[0])
        if holds is None or not (by := _triggers(given)):
            continue
        was = comparison.old.resources.get(comparison.came_from.get(address, address))
        changed = [one for one in by if was is not None and ".".join(one.split(".")[:2]) in changing]
        if changed:
            text = f"is **destroyed and made anew**, its {holds} lost: {_code(changed)} changes"
        elif was is None or by != _triggers(was):
            text = f"is **destroyed and made anew**, its {holds} lost, whenever {_code(by)} changes"
        elif moved := [one for one in by if _may_change(comparison, one, changing, set())]:
            text = (
                f"may be **destroyed and made anew**, its {holds} lost: {_code(moved)} refers to what changes"
            )
        else:
            continue
        refused = _refused(_is_protected(given))
        yield Finding(
            Part.DATA,
            f"{comparison.new.label(address)} {text} (`replace_triggered_by`){refused}",
            comparison.new.construct(address),
            (f"{address}:lifecycle.replace_triggered_by",),
        )


def _may_change(comparison: Comparison, trigger: str, changing: Collection[str], seen: set[str]) -> bool:
    """Whether what reads as before may change, with what it refers to or is made anew with."""
    parts = trigger.split(".")
    whole = 3 if parts[0] == "data" else 2
    address, attribute = ".".join(parts[:whole]), ".".join(parts[whole : whole + 1])
    if address in changing:
        return True
    if trigger in seen:
        return False
    seen.add(trigger)
    given = comparison.new.resources.get(address) or comparison.new.data.get(address, {})
    value = given.get(attribute, given)
    given_elsewhere = any(one.path.startswith(("locals", "variable")) for one in comparison.others)
    # A local value may be made of others.
    if given_elsewhere and _GIVEN.search(json.dumps([value, *_triggers(given)])):
        return True
    others = [*comparison.new.references(value), *_triggers(given)]
    return any(_may_change(comparison, one, changing, seen) for one in others)


def _triggers(given: Block) -> list[str]:
    return [
        str(one).strip("${}") for one in listed(block(given.get("lifecycle")).get("replace_triggered_by"))
    ]


def _code(names: list[str]) -> str:
    return " or ".join(f"`{name}`" for name in names)


def _refused(protected: bool) -> str:
    return "; `prevent_destroy` makes Terraform refuse as long as it is in the code" if protected else ""


def _is_protected(given: Block | None) -> bool:
    return block((given or {}).get("lifecycle")).get("prevent_destroy") is True


def _protection(comparison: Comparison, change: Change, label: str) -> Iterator[tuple[str, str]]:
    bucket = comparison.old.readable(str((change.before or {}).get("bucket", "")))
    elsewhere = _leads_elsewhere(comparison, change, "bucket")
    if change.after is None or elsewhere:
        where, told = (f" ({difference(elsewhere)})", "bucket") if elsewhere else ("", "*")
        match change.kind:
            case "aws_s3_bucket_versioning":
                # Terraform suspends it; what is there stays.
                yield f"{bucket} is no longer versioned{where}: what is overwritten or deleted is gone", told
            case "aws_s3_bucket_server_side_encryption_configuration":
                yield f"{bucket} loses its encryption rule{where}", told
    if change.before is None or change.after is None:
        return
    for argument in change.arguments:
        text = _less(change, argument, label, bucket) or _expiring(change, argument, label)
        if text:
            yield text, argument.path


def _leads_elsewhere(comparison: Comparison, change: Change, path: str) -> Argument | None:
    """The argument, if it names another resource than before; one that is moved or renamed says so itself."""
    changed = next((one for one in change.arguments if one.path == path), None)
    if changed is None or change.before is None or change.after is None:
        return changed
    moves = {one.old_address: one.address for one in comparison.changes if one.old_address}
    was = {moves.get(one, one) for one in comparison.old.references(change.before.get(path))}
    return changed if not was or was != comparison.new.references(change.after.get(path)) else None


def _copied(comparison: Comparison, change: Change, label: str) -> Iterator[tuple[str, str]]:
    """What is held elsewhere too from now on."""
    if change.after is None:
        return
    if change.kind in _COPIES:
        whose, what = _COPIES[change.kind]
        copied = f"{comparison.new.readable(str(change.after.get(whose)))}: its {what} are copied elsewhere"
        if change.before is None:
            yield f"{copied}, {shown(comparison.new.canonical(change.after), whole=True)}", "*"
        for argument in change.arguments:
            yield f"{copied}: {difference(argument, whole=True)}", argument.path
    before = None if change.before is None else comparison.old.canonical(change.before.get("replica"))
    after = comparison.new.canonical(change.after.get("replica"))
    for argument in arguments(before, after, "replica"):
        yield (
            f"{label}: its copies in other regions change, {difference(argument, whole=True)}",
            argument.path,
        )


def _less(change: Change, argument: Argument, label: str, bucket: str) -> str | None:
    before, after = argument.before, argument.after
    if argument.path == "retention_in_days":
        # A log group's 0 is for ever, as is none.
        before, after = before or None, after or None
    default = _BY_DEFAULT.get(argument.path)
    before, after = (default if value is None else value for value in (before, after))
    text = None
    match change.kind, argument.path:
        case _, "lifecycle" | "lifecycle.prevent_destroy" if _loses_protection(change):
            text = f"{label} loses `prevent_destroy`: Terraform may destroy it"
        case _, "force_destroy" if after:
            text = f"{label} may be destroyed **with its objects** (`force_destroy`)"
        case "aws_s3_bucket", _ if argument.top in _OF_BUCKETS:
            text = f"{label}: what is deleted, kept or encrypted changes: {difference(argument, whole=True)}"
        case "aws_s3_bucket_versioning", _ if argument.top == "versioning_configuration":
            text = _fewer_kept(change, argument, bucket)
        case "aws_s3_bucket_server_side_encryption_configuration", _ if argument.top == "rule":
            text = f"{bucket}: encryption {shown(before)} → {shown(after)} (`{argument.path}`)"
        case "aws_secretsmanager_secret_version", _:
            text = _written(change, argument)
        case kind, path if (kind, path) in _LESS and _is_less(before, after):
            text = f"{label} {_LESS[kind, path].format(before=_days(before), after=_days(after))}"
        case kind, _ if (kind, argument.top) in _PROTECTIONS and _is_weaker(argument):
            what = _PROTECTIONS[kind, argument.top]
            text = f"{label} {what} (`{argument.path}` {shown(before)} → {shown(after)})"
    return text


def _written(change: Change, argument: Argument) -> str | None:
    before, after = (
        (given or {}).get("secret_string_wo", (given or {}).get("secret_string"))
        for given in (change.before, change.after)
    )
    if argument.path == "secret_string_wo_version":
        source = "from the variables" if _GIVEN.search(str(after)) else "from no variable"
        return f"`{change.address}` is written anew {source}"
    if argument.path in ("secret_string_wo", "secret_string") and before != after:
        return f"`{change.address}`: **another expression** says what is written (`{argument.path}`)"
    return None


def _expiring(change: Change, argument: Argument, label: str) -> str | None:
    """Of a table, where items say until when they are there."""
    ttl = block((change.after or {}).get("ttl"))
    if (change.kind, argument.top) == ("aws_dynamodb_table", "ttl") and ttl.get("enabled", bool(ttl)):
        return f"{label}: items are deleted when they say so: {difference(argument, whole=True)}"
    return None


def _fewer_kept(change: Change, argument: Argument, bucket: str) -> str | None:
    was, now = (
        block((given or {}).get("versioning_configuration")) for given in (change.before, change.after)
    )
    if argument.path.endswith(".mfa_delete"):
        weaker = argument.before == "Enabled"
        return f"{bucket}: versions may be deleted without MFA ({difference(argument)})" if weaker else None
    if was.get("status") == "Enabled" != now.get("status"):
        what = shown(argument.after)
        return f"{bucket} is no longer versioned ({what}): what is overwritten or deleted is gone"
    return None


def _is_weaker(argument: Argument) -> bool:
    # Another key is another owner; of what is on or off, only off is less.
    key = argument.top.endswith("key_id") or argument.top == "server_side_encryption"
    return bool(argument.before) if key else not argument.after or argument.after == "0"


def _loses_protection(change: Change) -> bool:
    return _is_protected(change.before) and not _is_protected(change.after)


def _is_less(before: Any, after: Any) -> bool:
    """Whether it is kept for a shorter time; None is for ever."""
    if before is None or after is None:
        return after is not None
    try:
        return float(after) < float(before)
    except (TypeError, ValueError):
        # A date; or an expression of Terraform's, of which nobody here knows how long it is.
        return str(after) != str(before)


def _days(value: Any) -> str:
    return "for ever" if value is None else str(value)


_NEWER = "newer_noncurrent_versions"
_ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")
_TRANSITIONS = {"transition": "days", "noncurrent_version_transition": "noncurrent_days"}
_ABOUT = re.compile(r"rule(?:\[([^\]]*)\])?\.(?:filter|prefix)\b")
_LIVES = {
    "expiration.days": "objects are deleted",
    "expiration.date": "objects are deleted",
    "noncurrent_version_expiration.noncurrent_days": "overwritten versions are deleted",
}


def _shorter_life(comparison: Comparison, change: Change) -> Iterator[Finding]:
    if change.after is None or _is_made_now(comparison, change.after.get("bucket")):
        return
    bucket = comparison.new.readable(str(change.after.get("bucket", "")))
    # What deleted another bucket's objects deleted none of this one's.
    elsewhere = _leads_elsewhere(comparison, change, "bucket")
    was = None if elsewhere else _with_new_names(change.before, change.after)
    before, after = _lives(was), _lives(change.after)
    yield from _other_objects(comparison, change, bucket, {rule for rule, _ in before.keys() & after.keys()})
    yield from _fewer_versions(comparison, replace(change, before=was), bucket)
    for (rule, what), days in after.items():
        had = before.get((rule, what))
        where, path = _LIVES[what], what.partition(".")[0]
        if had is None or _is_less(had, days):
            unit = " days" if what.endswith("days") else ""
            yield Finding(
                Part.DATA,
                f"{bucket}: {where} after {days}{unit}{_was(before, rule, what)} (rule `{rule}`)",
                comparison.construct(change),
                (f"{change.address}:rule[{rule}].{path}", f"{change.address}:rule[{rule}]"),
            )


def _with_new_names(before: Block | None, after: Block | None) -> Block:
    """The block as it was, each rule by the name that it has now: it does the same to the same objects."""
    old, new = (blocks((given or {}).get("rule")) for given in (before, after))
    had, has = ({str(rule.get("id")) for rule in rules} for rules in (old, new))
    come = [rule for rule in new if str(rule.get("id")) not in had]
    found = []
    for rule in old:
        alike = [one for one in come if str(rule.get("id")) not in has and _does(one) == _does(rule)]
        # Of several the one that has no other days either.
        same = next((one for one in alike if one | {"id": rule.get("id")} == rule), next(iter(alike), rule))
        come = [one for one in come if one is not same]
        found.append(rule | {"id": same.get("id")})
    return (before or {}) | {"rule": found}


def _does(rule: Block) -> tuple[object, ...]:
    """To which objects a rule does what, whenever."""
    about = block(rule.get("filter")) or {"prefix": rule.get("prefix", "")}
    return about, {what.partition(".")[0] for what in _LIVES if what.partition(".")[0] in rule}


def _archived(comparison: Comparison, change: Change) -> Iterator[Finding]:
    """What cannot be read for hours, from now on or earlier than before."""
    if change.after is None or _is_made_now(comparison, change.after.get("bucket")):
        return
    bucket = comparison.new.readable(str(change.after.get("bucket", "")))
    before = _archives(_with_new_names(change.before, change.after))
    after = _archives(change.after)
    for (rule, what, storage), when in after.items():
        if (rule, what, storage) not in before or _is_less(before[rule, what, storage], when):
            whose = "objects go" if what == "transition" else "overwritten versions go"
            text = f"{bucket}: {whose} to `{storage}` after {when} days (rule `{rule}`): they cannot be read"
            yield Finding(
                Part.DATA,
                f"{text} until they are restored, which takes hours",
                comparison.construct(change),
            )


def _archives(given: Block | None) -> dict[tuple[str, str, str], Any]:
    return {
        (str(rule.get("id")), what, str(part["storage_class"])): part.get(days, part.get("date", 0))
        for rule in blocks((given or {}).get("rule"))
        if rule.get("status") != "Disabled"
        for what, days in _TRANSITIONS.items()
        for part in blocks(rule.get(what))
        if part.get("storage_class") in _ARCHIVES
    }


def _is_made_now(comparison: Comparison, reference: Any) -> bool:
    """Whether what is referred to comes with this change, and so is empty; not if it is imported or moved."""
    imported = {str(one.get("to")) for one in blocks(comparison.new.document.get("import"))}
    made = comparison.new.resources.keys() - comparison.old.resources.keys() - comparison.came_from.keys()
    addresses = [".".join(one.split(".")[:2]) for one in comparison.new.references(reference)]
    return bool(addresses) and all(one in made and one not in imported for one in addresses)


def _fewer_versions(comparison: Comparison, change: Change, bucket: str) -> Iterator[Finding]:
    """Where a rule that deletes overwritten versions spares fewer of the newest."""
    before, after = _versions(change.before), _versions(change.after)
    for rule, kept in before.items():
        if rule in after and _is_less(kept or 0, after[rule] or 0):
            yield Finding(
                Part.DATA,
                f"{bucket}: of overwritten versions the newest {after[rule] or 0} are kept instead of {kept} "
                f"(rule `{rule}`)",
                comparison.construct(change),
                (f"{change.address}:rule[{rule}].noncurrent_version_expiration.{_NEWER}",),
            )


def _versions(given: Block | None) -> dict[str, Any]:
    return {
        str(rule.get("id")): part.get(_NEWER)
        for rule in blocks((given or {}).get("rule"))
        for part in blocks(rule.get("noncurrent_version_expiration"))
    }


def _was(before: Mapping[tuple[str, str], Any], rule: str, what: str) -> str:
    """When the rule did it before, be it told a date then and days now."""
    for one, when in before.items():
        if one[0] == rule and _LIVES[one[1]] == _LIVES[what]:
            return f" instead of {when}{' days' if one[1].endswith('days') and one[1] != what else ''}"
    return ", which they were not before"


def _other_objects(
    comparison: Comparison, change: Change, bucket: str, expiring: set[str]
) -> Iterator[Finding]:
    """Where a rule that deletes objects is about others than before."""
    for argument in change.arguments:
        found = _ABOUT.match(argument.path)
        # A rule's name is in the path where there are several.
        if found and expiring & ({found[1]} if found[1] else expiring):
            yield Finding(
                Part.DATA,
                f"{bucket}: other objects than before are deleted: {difference(argument)}",
                comparison.construct(change),
                (f"{change.address}:{argument.path}",),
            )


def _lives(given: Block | None) -> dict[tuple[str, str], Any]:
    found = {}
    for rule in blocks((given or {}).get("rule")):
        if rule.get("status") == "Disabled":
            continue
        for what in _LIVES:
            section, _, key = what.partition(".")
            for part in blocks(rule.get(section)):
                if key in part:
                    found[str(rule.get("id")), what] = part[key]
    return found


def _elsewhere(comparison: Comparison) -> Iterator[Finding]:
    """Another state or another region: Terraform makes everything anew and forgets what was."""
    if not comparison.old.document or not comparison.new.document:
        return
    old, new = comparison.old.document, comparison.new.document
    backends = [_at(document, "terraform", "backend") for document in (old, new)]
    for argument in arguments(backends[0], backends[1], "backend"):
        text = (
            "Terraform's **state is elsewhere**: without `terraform init -migrate-state` it knows nothing of "
            "what is deployed"
        )
        if argument.path in _OF_STATE:
            if not argument.before:
                continue
            text = _OF_STATE[argument.path]
        yield Finding(
            Part.DATA, f"{text} ({difference(argument)})", "terraform", (f"terraform:{argument.path}",)
        )
    for name in ("region", "allowed_account_ids", "assume_role"):
        before, after = (_at(document, "provider", "aws", 0, name) for document in (old, new))
        if before != after:
            yield Finding(
                Part.DATA,
                f"the provider's `{name}` changes: {shown(before)} → {shown(after)}. "
                "Terraform looks for everything there",
                "provider",
                (f"provider:{name}",),
            )


def _at(value: Any, *path: str | int) -> Any:
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value
