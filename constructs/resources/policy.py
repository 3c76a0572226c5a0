"""Policies: what they are made of, and the one that a resource has itself."""

from bindings.aws import (
    DataAwsIamPolicyDocument,
    DataAwsIamPolicyDocumentStatement,
    DataAwsIamPolicyDocumentStatementCondition,
    DataAwsIamPolicyDocumentStatementPrincipals,
)
from constructs import Construct


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


def service(name: str) -> DataAwsIamPolicyDocumentStatementPrincipals:
    """An AWS service as principal, by its host name."""
    return DataAwsIamPolicyDocumentStatementPrincipals(type="Service", identifiers=[name])


def condition(test: str, variable: str, *values: str) -> DataAwsIamPolicyDocumentStatementCondition:
    """Any of the values passes the test, as in `condition("StringEquals", "aws:SourceAccount", id)`."""
    return DataAwsIamPolicyDocumentStatementCondition(test=test, variable=variable, values=list(values))
