"""What no other part tells: resources added, changed, moved and removed, each in a line."""

from collections.abc import Iterator, Mapping

from review.behaviour import is_told
from review.changes import Argument, Change, Comparison, arguments, other
from review.finding import Finding, Part
from review.permissions import Permissions
from review.policies import NO_POLICIES
from review.replacement import Replacement
from review.values import difference

# Told by the permissions that they come to; that they are written otherwise is told here.
_POLICIES = ("policy", "assume_role_policy")


def rest(
    comparison: Comparison, told: set[str], replaced: Mapping[str, Replacement], *, permissions: bool
) -> Iterator[Finding]:
    """The findings of a stack; `permissions` says whether there are any of who may do what."""
    if not comparison.old.document or not comparison.new.document:
        what = "is new" if not comparison.old.document else "is no longer in the code: what it deployed stays"
        yield Finding(
            Part.REST,
            f"the stack {what} ({len(comparison.old.resources) or len(comparison.new.resources)} resources)",
        )
        return
    for change in comparison.changes:
        for text in _lines(comparison, change, told, replaced.get(change.address)):
            yield Finding(Part.REST, text, comparison.construct(change))
    said = {change.address for change in comparison.changes}
    said |= {address for address in replaced if f"{address}:anew" in told}
    if along := sorted(f"`{address}`" for address in replaced if address not in said):
        yield Finding(Part.REST, f"made anew along with what they refer to: {', '.join(along)}")
    yield from _documents(comparison, told, permissions=permissions)
    yield from _others(comparison, told)


def _lines(
    comparison: Comparison, change: Change, told: set[str], replacement: Replacement | None
) -> Iterator[str]:
    label = comparison.label(change)
    name = f"`{change.address}`" if label == change.address else label
    if change.address not in label:
        name = f"{label} (`{change.address}`)"
    if replacement and f"{change.address}:anew" not in told:
        yield f"{name} **made anew**: {replacement.reason}"
    if change.old_address and f"{change.address}:moved" not in told:
        how = " by a `moved` block" if change.declared else ": destroyed there and made anew here"
        yield f"{name} moved from `{change.old_address}`{how}"
    if f"{change.address}:*" in told:
        return
    if change.before is None:
        yield f"{name} added"
    elif change.after is None:
        yield f"{name} removed"
    else:
        for argument in change.arguments:
            if is_told(f"{change.address}:{argument.path}", told):
                continue
            if _is_document(change, argument):
                # Only which document it is; what is in it is compared by itself.
                yield f"{name}: `{argument.top}` is another document"
            else:
                yield f"{name}: {difference(argument)}"


def _is_document(change: Change, argument: Argument) -> bool:
    return argument.top in _POLICIES and change.kind not in NO_POLICIES and isinstance(argument.after, str)


def _documents(comparison: Comparison, told: set[str], *, permissions: bool) -> Iterator[Finding]:
    old, new = comparison.old, comparison.new
    for address in [*new.data, *(address for address in old.data if address not in new.data)]:
        if address not in comparison.differing or f"{address}:*" in told:
            continue
        before, after = old.data.get(address), new.data.get(address)
        construct = (new if after is not None else old).construct(address)
        policy = address.startswith("data.aws_iam_policy_document.")
        if before is None or after is None:
            yield Finding(Part.REST, f"`{address}` {'added' if before is None else 'removed'}", construct)
        elif not policy:
            for argument in arguments(old.canonical(before), new.canonical(after)):
                if is_told(f"{address}:{argument.path}", told):
                    continue
                yield Finding(Part.REST, f"`{address}`: {difference(argument)}", construct)
        elif not permissions:
            read = not Permissions.of(old).unread and not Permissions.of(new).unread
            effect = ": nobody may more or less than before" if read else ""
            yield Finding(Part.REST, f"`{address}` is written otherwise{effect}", construct)


def _others(comparison: Comparison, told: set[str]) -> Iterator[Finding]:
    """Outputs, variables, providers, versions."""
    for argument in comparison.others:
        section = argument.path.partition(".")[0]
        if is_told(other(argument), told):
            continue
        text = difference(argument)
        if section == "variable":
            # A default may be a secret's.
            text = f"`{argument.path}` {_how(argument.before, argument.after)}"
        yield Finding(Part.REST, text, section)
    old, new = (len(stack.moves) for stack in (comparison.old, comparison.new))
    if old != new:
        yield Finding(Part.REST, f"`moved` blocks: {old} → {new}", "terraform")


def _how(before: object, after: object) -> str:
    return "added" if before is None else "removed" if after is None else "changed"
