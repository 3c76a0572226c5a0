"""Policies: what they are made of, and the one that a resource has itself."""

from bindings.aws import (
    DataAwsIamPolicyDocument,
    DataAwsIamPolicyDocumentStatement,
    DataAwsIamPolicyDocumentStatementCondition,
    DataAwsIamPolicyDocumentStatementPrincipals,
    IamPolicy,
)
from constructs import Construct
from constructs.resources.address import pinned


class ResourcePolicy:
    """Refuses everybody who comes without TLS, and allows what is added."""

    def __init__(self, scope: Construct, id: str, *, action: str, resources: list[str]) -> None:
        """`action` without TLS is what it refuses. Wide on purpose: a refusal that names few is a hole."""
        self._statements = [
            DataAwsIamPolicyDocumentStatement(
                sid="DenyWithoutTls",
                effect="Deny",
                actions=[action],
                resources=resources,
                principals=[DataAwsIamPolicyDocumentStatementPrincipals(type="AWS", identifiers=["*"])],
                condition=[condition("Bool", "aws:SecureTransport", "false")],
            )
        ]
        self._document = DataAwsIamPolicyDocument(scope, id, statement=self._statements)
        self.json = self._document.json

    def allow(self, statement: DataAwsIamPolicyDocumentStatement) -> None:
        """Add what somebody may do."""
        self._statements.append(statement)
        self._document.put_statement(self._statements)


class ManagedPolicy(Construct):
    """A policy of its own, for roles that it is attached to or that it bounds."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *statements: DataAwsIamPolicyDocumentStatement,
        name: str,
        path: str,
        address: str,
        description: str,
    ) -> None:
        """IAM takes 6,144 characters of JSON, white space apart (IAM and STS quotas)."""
        super().__init__(scope, id)
        document = DataAwsIamPolicyDocument(self, "document", statement=list(statements))
        policy = pinned(
            address,
            IamPolicy(self, "policy", name=name, path=path, description=description, policy=document.json),
        )
        self.arn = policy.arn


def service(name: str) -> DataAwsIamPolicyDocumentStatementPrincipals:
    """An AWS service as principal, by its host name."""
    return DataAwsIamPolicyDocumentStatementPrincipals(type="Service", identifiers=[name])


def condition(test: str, variable: str, *values: str) -> DataAwsIamPolicyDocumentStatementCondition:
    """Any of the values passes the test, as in `condition("StringEquals", "aws:SourceAccount", id)`."""
    return DataAwsIamPolicyDocumentStatementCondition(test=test, variable=variable, values=list(values))


def network_interfaces() -> DataAwsIamPolicyDocumentStatement:
    """What Lambda needs of a function's role to put it into a private network."""
    return DataAwsIamPolicyDocumentStatement(
        actions=[
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:AssignPrivateIpAddresses",
            "ec2:UnassignPrivateIpAddresses",
        ],
        # As in AWS's own AWSLambdaVPCAccessExecutionRole: describing takes no resource, and the interfaces
        # are not there before Lambda makes them (Lambda developer guide, "VPC").
        resources=["*"],
    )


def traces() -> DataAwsIamPolicyDocumentStatement:
    """What a function's role needs to send its traces."""
    return DataAwsIamPolicyDocumentStatement(
        actions=["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
        # X-Ray has no resource-level permissions for these (Service Authorization Reference).
        resources=["*"],
    )
