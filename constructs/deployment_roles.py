"""Whom GitHub's workflows are in AWS: a role that plans and one that deploys, for every environment."""

from collections.abc import Sequence

from bindings.aws import (
    DataAwsIamPolicyDocumentStatement,
    DataAwsIamPolicyDocumentStatementPrincipals,
    IamOpenidConnectProvider,
)
from config.names import DEPLOYMENT_PATH
from config.place import Place
from config.settings import FunctionsSettings
from constructs import Construct
from constructs.deployment_access import accesses, bounding, changing, planning, withheld
from constructs.resources.address import pinned
from constructs.resources.policy import ManagedPolicy, condition
from constructs.resources.role import Role

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
"""What aws-actions/configure-aws-credentials asks GitHub to write a token for."""
BRANCH = "refs/heads/main"
OPEN_TO_PULL_REQUESTS = "dev"
"""A pull request's code is nobody's yet: with it, one sees no more than development."""


class DeploymentRoles(Construct):
    """The trust in GitHub's tokens, and the roles of every environment that is added.

    A token is bound to a repository and one of its environments on main, or, for a plan of dev, to any of its
    branches and pull requests.
    """

    def __init__(self, scope: Construct, id: str, *, states: str) -> None:
        """`states` is the bucket of the environments' states."""
        super().__init__(scope, id)
        self._states = states
        # AWS knows GitHub's certificate authorities: no thumbprint has to be kept (IAM guide, "Obtain the
        # thumbprint").
        self._github = pinned(
            "github",
            IamOpenidConnectProvider(self, "github", url=f"https://{ISSUER}", client_id_list=[AUDIENCE]),
        )
        self.arns: dict[str, str] = {}
        """By what a role does and where, as `plan-dev`."""

    def add(self, repository: str, settings: FunctionsSettings, place: Place) -> None:
        """Make the roles with which the repository's workflows plan and deploy an environment."""
        asked = accesses(settings, place, self._states)
        name, subject = place.environment, f"repo:{repository}"
        plans = [f"{subject}:environment:{name}-plan"]
        open_to_pull_requests = name == OPEN_TO_PULL_REQUESTS
        if open_to_pull_requests:
            plans.append(f"{subject}:pull_request")
        reading = self._policy(place, "plan", *planning(asked))
        plan = self._role(
            place,
            "plan",
            # Else any branch's workflow might name the environment.
            self._trust(plans, ref=None if open_to_pull_requests else BRANCH),
            boundary=reading,
            policies=[reading],
        )
        deploy = self._role(
            place,
            "deploy",
            self._trust([f"{subject}:environment:{name}"], ref=BRANCH),
            boundary=self._policy(place, "deployment-boundary", *bounding(asked)),
            policies=[reading],
        )
        # Inline, as IAM takes more of it there.
        deploy.allow("deploy", *changing(asked))
        for role in (plan, deploy):
            # Whatever it will be given besides. Who deploys secrets is a person, with a role of their own.
            role.allow(
                "never-read-secrets",
                DataAwsIamPolicyDocumentStatement(
                    effect="Deny", actions=["secretsmanager:GetSecretValue"], resources=["*"]
                ),
            )
            role.allow("never-use-data", *withheld(asked))

    def _policy(self, place: Place, name: str, *statements: DataAwsIamPolicyDocumentStatement) -> str:
        """Its ARN."""
        return ManagedPolicy(
            self,
            f"{name}-{place.environment}-policy",
            *statements,
            name=place.name(name),
            path=DEPLOYMENT_PATH,
            address=f"{name.replace('-', '_')}_{place.environment}",
            description=f"{name} of {place.environment}",
        ).arn

    def _role(
        self,
        place: Place,
        does: str,
        trust: DataAwsIamPolicyDocumentStatement,
        *,
        boundary: str,
        policies: Sequence[str],
    ) -> Role:
        role = Role(
            self,
            f"{does}-{place.environment}",
            name=place.name(does),
            path=DEPLOYMENT_PATH,
            address=f"{does}_{place.environment}",
            trust=trust,
            boundary=boundary,
            policies=policies,
        )
        self.arns[f"{does}-{place.environment}"] = role.arn
        return role

    def _trust(self, subjects: Sequence[str], *, ref: str | None = None) -> DataAwsIamPolicyDocumentStatement:
        conditions = [
            condition("StringEquals", f"{ISSUER}:aud", AUDIENCE),
            condition("StringEquals", f"{ISSUER}:sub", *subjects),
        ]
        if ref:
            # A subject with an environment has no branch; this claim has (IAM guide, "OIDC condition keys").
            conditions.append(condition("StringEquals", f"{ISSUER}:ref", ref))
        return DataAwsIamPolicyDocumentStatement(
            actions=["sts:AssumeRoleWithWebIdentity"],
            principals=[
                DataAwsIamPolicyDocumentStatementPrincipals(type="Federated", identifiers=[self._github.arn])
            ],
            condition=conditions,
        )
