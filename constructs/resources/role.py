"""The role that one function assumes, and what others allow it."""

from typing import Protocol

from bindings.aws import (
    DataAwsIamPolicyDocument,
    DataAwsIamPolicyDocumentStatement,
    IamRole,
    IamRolePoliciesExclusive,
    IamRolePolicy,
    IamRolePolicyAttachmentsExclusive,
)
from constructs import Construct
from constructs.resources.address import pinned
from constructs.resources.policy import service


class Role(Construct):
    """A role that Lambda assumes for one function. It may do nothing until it is allowed to."""

    def __init__(self, scope: Construct, id: str, *, name: str, address: str) -> None:
        super().__init__(scope, id)
        trust = DataAwsIamPolicyDocument(
            self,
            "trust",
            statement=[
                DataAwsIamPolicyDocumentStatement(
                    actions=["sts:AssumeRole"],
                    principals=[service("lambda.amazonaws.com")],
                )
            ],
        )
        self._role = pinned(address, IamRole(self, "role", name=name, assume_role_policy=trust.json))
        self.arn = self._role.arn
        self._policies: list[str] = []
        # What else is put onto the role is taken off by the next deployment, and shown by the next plan.
        self._inline = IamRolePoliciesExclusive(
            self, "no-other-policies", role_name=self._role.name, policy_names=[]
        )
        IamRolePolicyAttachmentsExclusive(
            self, "no-attached-policies", role_name=self._role.name, policy_arns=[]
        )

    @property
    def role(self) -> "Role":
        """Itself: what can be granted to a function can be granted to its role."""
        return self

    def allow(self, policy: str, *statements: DataAwsIamPolicyDocumentStatement) -> IamRolePolicy:
        """Add an inline policy. Its name says what it lets the role do, as `read-database-secret`."""
        document = DataAwsIamPolicyDocument(self, f"{policy}-document", statement=list(statements))
        allowed = IamRolePolicy(self, policy, name=policy, role=self._role.name, policy=document.json)
        self._policies.append(allowed.name)
        self._inline.policy_names = self._policies
        return allowed


class Grantee(Protocol):
    """What a permission can be granted to."""

    @property
    def role(self) -> Role:
        """The role that is given the permission."""
