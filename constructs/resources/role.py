"""A role that is assumed, and what others allow it."""

from collections.abc import Sequence
from typing import Protocol

from bindings.aws import (
    DataAwsIamPolicyDocument,
    DataAwsIamPolicyDocumentStatement,
    IamRole,
    IamRolePoliciesExclusive,
    IamRolePolicy,
    IamRolePolicyAttachment,
    IamRolePolicyAttachmentsExclusive,
)
from constructs import Construct
from constructs.resources.address import pinned
from constructs.resources.policy import service


class Role(Construct):
    """A role that Lambda assumes for one function, or whom `trust` says. What it may has to be allowed."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        address: str,
        boundary: str | None,
        trust: DataAwsIamPolicyDocumentStatement | None = None,
        path: str | None = None,
        policies: Sequence[str] = (),
    ) -> None:
        """`boundary` is the ARN of the policy that says what it may at most; `policies` are attached."""
        super().__init__(scope, id)
        document = DataAwsIamPolicyDocument(self, "trust", statement=[trust or _lambda()])
        role = pinned(
            address,
            IamRole(
                self,
                "role",
                name=name,
                path=path,
                assume_role_policy=document.json,
                permissions_boundary=boundary,
            ),
        )
        # Each attribute that is read asks Node, and these are read for every permission.
        self.arn, self._name = role.arn, role.name
        self._allowed: dict[str, tuple[IamRolePolicy, tuple[DataAwsIamPolicyDocumentStatement, ...]]] = {}
        self._policies: list[str] = []
        # What else is put onto the role is taken off by the next deployment, and shown by the next plan.
        self._inline = IamRolePoliciesExclusive(
            self, "no-other-policies", role_name=self._name, policy_names=[]
        )
        for number, policy in enumerate(policies):
            IamRolePolicyAttachment(self, f"attached-{number}", role=self._name, policy_arn=policy)
        IamRolePolicyAttachmentsExclusive(
            self, "no-attached-policies", role_name=self._name, policy_arns=list(policies)
        )

    @property
    def role(self) -> "Role":
        """Itself: what can be granted to a function can be granted to its role."""
        return self

    def allow(self, policy: str, *statements: DataAwsIamPolicyDocumentStatement) -> IamRolePolicy:
        """Add an inline policy, once. Its name says what it lets the role do, as `read-database-secret`.

        Raises RuntimeError if the role has one of that name with other statements.
        """
        if policy in self._allowed:
            allowed, known = self._allowed[policy]
            if known != statements:
                raise RuntimeError(
                    f"{self.node.path} already has a policy {policy}, for something else: "
                    "give one of the two resources another id"
                )
            return allowed
        document = DataAwsIamPolicyDocument(self, f"{policy}-document", statement=list(statements))
        allowed = IamRolePolicy(self, policy, name=policy, role=self._name, policy=document.json)
        self._allowed[policy] = allowed, statements
        self._policies.append(allowed.name)
        self._inline.policy_names = self._policies
        return allowed


class Grantee(Protocol):
    """What a permission can be granted to."""

    @property
    def role(self) -> Role:
        """The role that is given the permission."""


def _lambda() -> DataAwsIamPolicyDocumentStatement:
    return DataAwsIamPolicyDocumentStatement(
        actions=["sts:AssumeRole"], principals=[service("lambda.amazonaws.com")]
    )
