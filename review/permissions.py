"""Who may do what in a stack: every policy as permissions of one action on one resource each."""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from typing import Any

from review.changes import Comparison
from review.finding import Finding, Part
from review.policies import NO_POLICIES, Policy, read
from review.shapes import Block, blocks, listed
from review.stack import Stack, short, with_attributes, without_attributes
from review.values import shown

# What narrows an invoke permission beside its source.
_NARROWING = ("source_account", "event_source_token", "principal_org_id", "function_url_auth_type")
# Whom IAM gives policies: an argument has one of them, or in the plural several.
_HOLDERS = ("role", "user", "group")
_HELD = {f"aws_iam_{holder}_policy" for holder in _HOLDERS}
_ATTACHED = {"aws_iam_policy_attachment", *(f"{kind}_attachment" for kind in _HELD)}
# What a resource that is a policy, and no identity's, is about.
_SUBJECTS = (
    "secret_arn",
    "key_id",
    "bucket",
    "queue_url",
    "resource_arn",
    "event_bus_name",
    "repository",
    "function_name",
    "arn",
)
_ALL_BUT = "all but "
_OWN_POLICY = re.compile(r"\$\{aws_iam_policy\.[\w-]+\.(?:arn|id)\}")
# What no revision's document shows: a file's content, what a module or AWS says.
_ELSEWHERE = re.compile(
    r"file\w*\(|module\.|\bdata\.(?!aws_(?:caller_identity|iam_policy_document|partition|region)\.)"
)
_ONE_ACTION = re.compile(r"[\w-]+:\w+")
IAM = frozenset({"aws_iam_policy", "aws_iam_role", *_HELD, *_ATTACHED})
"""Types of IAM that permissions are read from."""


@dataclass(frozen=True, order=True)
class Permission:
    """What one principal may, or with `denied` may not, do to one resource."""

    principal: str
    action: str
    resource: str
    conditions: tuple[str, ...] = ()
    denied: bool = False

    def covers(self, other: "Permission") -> bool:
        """Whether it says all that the other says: wildcards are understood, conditions narrow."""
        return (
            self.denied == other.denied
            and (self.principal == other.principal or _spares_no_more(self.principal, other.principal))
            and _reaches(self.action.lower(), other.action.lower())
            and _reaches(self.resource, other.resource)
            and set(self.conditions) <= set(other.conditions)
        )

    @property
    def subject(self) -> tuple[str, str, tuple[str, ...], bool]:
        """All of it but the action."""
        return self.principal, self.resource, self.conditions, self.denied


@dataclass(frozen=True)
class Unread:
    """A policy that is not counted, or not all of it."""

    texts: tuple[str, ...]
    """What of it is not understood, as the code has it."""
    holders: tuple[str, ...]
    """Whose it is; nobody's in particular if it lets others in."""

    def said(self, source: str) -> str:
        """In a sentence; `source` as `address:argument`."""
        address, _, argument = source.partition(":")
        whom = " and ".join(f"`{without_attributes(holder)}`" for holder in self.holders)
        what = " and ".join(shown(text) for text in self.texts)
        unknown = f"what {whom} may" if whom else "whom it lets in"
        where = "" if argument == "*" else f" in `{argument}`"
        return f"`{address}`: {what}{where} is not read here: {unknown} is not known"


@dataclass(frozen=True)
class Permissions:
    """All of a stack's. Names in them are canonical: for sentences, see in_words."""

    sources: Mapping[str, frozenset[Permission]]
    """By what gives them, as `address:argument`, or `address:*` if all of it does."""
    unread: Mapping[str, Unread]
    """By where they are, as `address:argument`."""

    @classmethod
    # Several parts of a page ask, of the same stacks.
    @lru_cache(maxsize=256)
    def of(cls, stack: Stack) -> "Permissions":
        """From policies, attachments, boundaries, invoke permissions and trust."""
        reading = _Reading(stack)
        sources: dict[str, set[Permission]] = {}
        for source, permission in reading.permissions():
            sources.setdefault(source, set()).add(permission)
        return cls({source: frozenset(found) for source, found in sources.items()}, reading.unread)

    @cached_property
    def all(self) -> frozenset[Permission]:
        """Whatever gives them."""
        return frozenset().union(*self.sources.values())

    @property
    def not_understood(self) -> list[str]:
        """A sentence for each policy that is not counted."""
        return [unread.said(source) for source, unread in self.unread.items()]

    def lost_to(self, later: "Permissions") -> list[Permission]:
        """Those that the later ones do not cover."""
        return sorted(one for one in self.all - later.all if not later.cover(one))

    def cover(self, one: Permission) -> bool:
        """Whether one of them says all that this one says."""
        # Another principal's does not, unless both are all but some.
        alike = self._alike.get((one.principal, one.denied), ())
        among = self.all if one.principal.startswith(_ALL_BUT) else alike
        return any(other.covers(one) for other in among)

    @cached_property
    def _alike(self) -> Mapping[tuple[str, bool], list[Permission]]:
        """By principal, and whether they are denied."""
        found: dict[tuple[str, bool], list[Permission]] = {}
        for one in self.all:
            found.setdefault((one.principal, one.denied), []).append(one)
        return found

    def giving(self, permissions: Collection[Permission]) -> set[str]:
        """The sources that one of these comes from."""
        return {source for source, found in self.sources.items() if not found.isdisjoint(permissions)}


class _Reading:
    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.unread: dict[str, Unread] = {}

    def permissions(self) -> Iterator[tuple[str, Permission]]:
        for source, holders, policies in self._attachments():
            yield from self._managed(source, holders, policies)
        yield from self._own()

    def _own(self) -> Iterator[tuple[str, Permission]]:
        for address, block in self._stack.resources.items():
            kind = address.partition(".")[0]
            holders: list[str] | None = None
            if kind == "aws_lambda_permission":
                yield f"{address}:*", self._invocation(block)
            elif kind == "aws_iam_role":
                yield from self._role(address, block)
            elif kind in _HELD:
                holders = self._holders(block)
            elif kind == "aws_iam_policy":
                holders = self._attached_to.get(address) or [f"whom {block.get('name', 'a policy')} bounds"]
            for argument, value in block.items():
                if kind not in NO_POLICIES and (policy := read(self._stack, argument, value)):
                    yield from self._granted(address, argument, policy, holders)

    def _invocation(self, block: Block) -> Permission:
        function = self._readable(str(block.get("function_name", "*")))
        source = block.get("source_arn")
        # In Markdown that is no code, `*/*` is a slanted slash.
        conditions = [f"called for `{self._canonical(source)}`"] if source else []
        conditions += [
            f"{argument} is `{self._canonical(str(block[argument]))}`"
            for argument in _NARROWING
            if argument in block
        ]
        qualifier = f":{self._qualifier(str(block['qualifier']))}" if "qualifier" in block else ""
        return Permission(
            "everybody" if block.get("principal", "*") == "*" else self._readable(str(block["principal"])),
            self._readable(str(block.get("action", "*"))),
            f"{function}{qualifier}",
            tuple(sorted(conditions)),
        )

    def _qualifier(self, text: str) -> str:
        """The alias's name, or what is there instead of a reference to one."""
        for address in self._stack.references(text):
            text = str(self._stack.resources.get(address, {}).get("name", text))
        return text

    def _role(self, address: str, block: Block) -> Iterator[tuple[str, Permission]]:
        """What its own block gives it, and what a boundary takes away: one that goes gives it back."""
        role = self._holder("role", f"${{{address}.name}}")
        for one in blocks(block.get("inline_policy")):
            if policy := read(self._stack, "policy", one.get("policy")):
                yield from self._granted(address, "inline_policy", policy, [role])
        if boundary := block.get("permissions_boundary"):
            what = "all that this boundary does not allow"
            yield (
                f"{address}:permissions_boundary",
                Permission(role, what, self._canonical(boundary), (), True),
            )

    def _attachments(self) -> Iterator[tuple[str, list[str], list[Any]]]:
        """By what attaches them: whom policies are attached to, and which."""
        for address, block in self._stack.resources.items():
            kind = address.partition(".")[0]
            if kind in _ATTACHED:
                yield f"{address}:*", self._holders(block), listed(block.get("policy_arn"))
            elif kind == "aws_iam_role":
                role = self._holder("role", f"${{{address}.name}}")
                yield f"{address}:managed_policy_arns", [role], listed(block.get("managed_policy_arns"))
            elif kind == "aws_iam_role_policy_attachments_exclusive":
                # It bars others, and attaches those that it names.
                role = self._holder("role", str(block.get("role_name")))
                yield f"{address}:policy_arns", [role], listed(block.get("policy_arns"))

    def _managed(
        self, source: str, holders: list[str], policies: list[Any]
    ) -> Iterator[tuple[str, Permission]]:
        """What AWS's own policies allow is not in the stack: the policy itself is what one may."""
        for policy in map(str, policies):
            if _OWN_POLICY.fullmatch(policy):
                continue
            if self._stack.references(policy) & self._stack.of("aws_iam_policy").keys():
                # One of the stack's on a condition, or another.
                had = self.unread.get(source, Unread((), ()))
                self.unread[source] = Unread((*had.texts, policy), tuple(holders))
            else:
                for holder in holders:
                    yield source, Permission(holder, "all that this policy allows", self._canonical(policy))

    def _granted(
        self, address: str, argument: str, policy: Policy, holders: list[str] | None
    ) -> Iterator[tuple[str, Permission]]:
        """Of a policy that names those that it is about itself, there are no holders."""
        source = f"{address}:{argument}"
        if policy.unread:
            had = self.unread.get(source, Unread((), ()))
            self.unread[source] = Unread(had.texts + policy.unread, tuple(holders or ()))
        subject = self._subject(address) if holders is None else None
        for statement in policy.statements:
            for principal in self._principals(statement, address) if holders is None else holders:
                for permission in self._expanded(principal, address, statement, subject):
                    yield source, permission

    def _subject(self, address: str) -> str:
        """What a policy is on: what its resource is about, or that resource itself."""
        block = self._stack.resources[address]
        about = next((block[name] for name in _SUBJECTS if isinstance(block.get(name), str)), None)
        return self._readable(about) if about else self._stack.label(address)

    def _resource(self, given: str, subject: str | None) -> str:
        """With what the policy is on: another's that says the same is another permission."""
        resource = self._canonical(given)
        within = subject is None or subject in without_attributes(resource)
        return resource if within else f"{resource} of {subject}"

    def _principals(self, statement: Block, address: str) -> list[str]:
        named, spared = (
            [
                "everybody" if identifier == "*" else self._readable(identifier)
                for pair in statement.get(argument, [])
                for identifier in pair["identifiers"]
            ]
            for argument in ("principals", "not_principals")
        )
        return [*named, *_all_but(spared)] or [f"whom {address} is for"]

    @cached_property
    def _attached_to(self) -> Mapping[str, list[str]]:
        """Whom each policy of the stack is attached to."""
        holders: dict[str, list[str]] = {}
        for _, found, policies in self._attachments():
            for policy in self._stack.references(policies):
                had = holders.setdefault(policy, [])
                had += [one for one in found if one not in had]
        return holders

    def _holders(self, block: Block) -> list[str]:
        return [
            self._holder(kind, str(name))
            for kind in _HOLDERS
            for given in (block.get(kind), block.get(f"{kind}s"))
            for name in listed(given)
        ]

    def _holder(self, kind: str, reference: str) -> str:
        """As `role potential-parakeet-ingest-prod`: in full, since two may be called the same in short."""
        name = self._readable(reference).removeprefix(f"{kind} ")
        return f"{kind} {name}"

    def _expanded(
        self, principal: str, address: str, statement: Block, subject: str | None
    ) -> Iterator[Permission]:
        conditions = tuple(sorted(self._condition(one) for one in statement.get("condition", [])))
        denied = statement.get("effect", "Allow") == "Deny"
        named, spared = (
            [self._resource(resource, subject) for resource in statement.get(argument, [])]
            for argument in ("resources", "not_resources")
        )
        # A trust policy names no resource: it is the role's own.
        resources = named or _all_but(spared) or [self._canonical(self._stack.label(address))]
        for action in map(self._readable, statement.get("actions") or _all_but(statement["not_actions"])):
            for resource in resources:
                yield Permission(principal, action, resource, conditions, denied)

    def _condition(self, condition: Block) -> str:
        values = ", ".join(sorted(self._canonical(str(value)) for value in condition["values"]))
        test = self._readable(str(condition["test"]))
        return f"`{self._readable(str(condition['variable']))}` {test} `{values}`"

    def _readable(self, text: str) -> str:
        return without_attributes(self._canonical(text))

    def _canonical(self, text: str) -> str:
        # What ends the code that it is shown in would show as something else.
        return str(self._stack.canonical(text)).replace("`", "'")


def who_may_do_what(comparison: Comparison) -> Iterator[Finding]:
    """The permissions that the change gives and takes; what it refuses; and what is not understood."""
    before, after = Permissions.of(comparison.old), Permissions.of(comparison.new)
    given, taken = after.lost_to(before), lost(comparison)
    names = _names(before.all | after.all, comparison.new.environment)
    # What reads the same, gained and lost, differs in an attribute.
    alike = {_worded(one, names) for one in given} & {_worded(one, names) for one in taken}
    for permissions, revision, may, refused in (
        (given, after, "may now", "is now **refused**"),
        (taken, before, "may no longer", "is **no longer refused**"),
    ):
        worded: dict[Permission, set[Permission]] = {}
        for one in permissions:
            words = _worded(one, names)
            words = _worded(one, names, with_attributes) if words in alike else words
            worded.setdefault(words, set()).add(one)
        for text, said in _sentences(sorted(worded), may, refused):
            told = revision.giving(set().union(*(worded[words] for words in said)))
            yield Finding(Part.PERMISSIONS, text, tells=tuple(sorted(told)))
    affected = {one.principal for one in (*given, *taken)}
    for source, unread in after.unread.items():
        was = before.unread.get(_source_before(comparison, source))
        if was != unread or affected & {*unread.holders} or _may_differ(comparison, unread):
            yield Finding(Part.UNKNOWN, unread.said(source))
    for source, unread in before.unread.items():
        if source not in {_source_before(comparison, one) for one in after.unread}:
            yield Finding(Part.UNKNOWN, f"before this change, {unread.said(source)}")


def lost(comparison: Comparison) -> list[Permission]:
    """Those that are gone for certain: what is not read any more may allow the same as before."""
    before, after = Permissions.of(comparison.old), Permissions.of(comparison.new)
    unread = {
        _source_before(comparison, source): one
        for source, one in after.unread.items()
        if before.unread.get(_source_before(comparison, source)) != one or _may_differ(comparison, one)
    }
    holders = {holder for one in unread.values() for holder in one.holders}
    doubtful = {one for source in unread for one in before.sources.get(source, ())}
    return [
        one
        for one in before.lost_to(after)
        # Whatever else a holder is given, what was refused is not refused there any more.
        if one not in doubtful and (one.denied or one.principal not in holders)
    ]


def _source_before(comparison: Comparison, source: str) -> str:
    address, _, argument = source.partition(":")
    return f"{comparison.came_from.get(address, address)}:{argument}"


def _may_differ(comparison: Comparison, unread: Unread) -> bool:
    """Whether it may allow something else now, though the code has it as before."""
    text = json.dumps(unread.texts)
    local = "local." in text
    if local:
        text += json.dumps(comparison.new.document.get("locals"))
    sections = {"locals"} if local else set()
    if "var." in text:
        sections.add("variable")
    return (
        _ELSEWHERE.search(text) is not None
        or not sections.isdisjoint(one.path.partition(".")[0] for one in comparison.others)
        or not comparison.new.references(text).isdisjoint(comparison.differing)
    )


def in_words(permissions: Collection[Permission], environment: str) -> list[Permission]:
    """With the names that people use."""
    names = _names(permissions, environment)
    return sorted({_worded(one, names) for one in permissions})


def _worded(
    one: Permission, names: Mapping[str, str], text: Callable[[str], str] = without_attributes
) -> Permission:
    return replace(
        one,
        principal=names[one.principal],
        resource=text(one.resource),
        conditions=tuple(text(condition) for condition in one.conditions),
    )


def _names(permissions: Collection[Permission], environment: str) -> Mapping[str, str]:
    """Principals as people call them: in short where that is nobody else's name."""
    brief = {
        principal: _brief(principal, environment) for principal in {one.principal for one in permissions}
    }
    said = list(brief.values())
    return {principal: name if said.count(name) == 1 else principal for principal, name in brief.items()}


def _brief(principal: str, environment: str) -> str:
    """A role without the word."""
    kind, _, rest = principal.partition(" ")
    if kind not in (*_HOLDERS, "whom"):
        return principal
    words = " ".join(short(word, environment) for word in rest.split(" "))
    return words if kind == "role" else f"{kind} {words}"


def _sentences(
    permissions: list[Permission], may: str, refused: str
) -> Iterator[tuple[str, list[Permission]]]:
    """`ingest may now s3:GetObject and s3:PutObject on …`: all actions on a resource, and which they are."""
    alike: dict[tuple[str, str, tuple[str, ...], bool], list[Permission]] = {}
    for one in permissions:
        alike.setdefault(one.subject, []).append(one)
    for (principal, resource, conditions, denied), said in alike.items():
        *some, last = (f"`{one.action}`" for one in said)
        verb = refused if denied else may
        what = f"{', '.join(some)} and {last}" if some else last
        condition = f", if {' and '.join(conditions)}" if conditions else ""
        yield f"`{principal}` {verb} {what} on `{resource}`{condition}", said


def _all_but(spared: Collection[str]) -> list[str]:
    """One for the whole list: each more that is spared makes it narrower."""
    return [f"{_ALL_BUT}{', '.join(sorted(spared))}"] if spared else []


def _spares_no_more(one: str, other: str) -> bool:
    """Whether both are about all but some, and the one about all that the other is about."""
    if not (one.startswith(_ALL_BUT) and other.startswith(_ALL_BUT)):
        return False
    ours, theirs = (text.removeprefix(_ALL_BUT).split(", ") for text in (one, other))
    return all(any(_matches(wider, spared) for wider in theirs) for spared in ours)


def _reaches(pattern: str, text: str) -> bool:
    if pattern.startswith(_ALL_BUT) and _ONE_ACTION.fullmatch(text):
        return not any(_matches(spared, text) for spared in pattern.removeprefix(_ALL_BUT).split(", "))
    if pattern.startswith(_ALL_BUT) or text.startswith(_ALL_BUT):
        return pattern == "*" or _spares_no_more(pattern, text)
    return _matches(pattern, text)


def _matches(pattern: str, text: str) -> bool:
    if "*" not in pattern and "?" not in pattern:
        return pattern == text
    return _expression(pattern).fullmatch(text) is not None


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    """Of IAM's wildcards. What is matched has some too: its `*` is more than the one letter of a `?`."""
    parts = {"*": ".*", "?": "[^*]"}
    return re.compile("".join(parts.get(one, re.escape(one)) for one in pattern), re.DOTALL)
