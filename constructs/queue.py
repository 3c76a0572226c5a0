"""Where events go that nobody could handle."""

from bindings.aws import (
    DataAwsIamPolicyDocument,
    DataAwsIamPolicyDocumentStatement,
    IamRolePolicy,
    SqsQueue,
    SqsQueuePolicy,
)
from constructs import Construct
from constructs.address import pinned
from constructs.role import Grantee, condition, deny_without_tls, service

# The longest that SQS keeps a message (SQS quotas page): time for a person to look.
RETENTION_DAYS = 14


class DeadLetterQueue(Construct):
    """A queue encrypted by SQS, whose depth is an alarm."""

    def __init__(self, scope: Construct, id: str, *, name: str) -> None:
        super().__init__(scope, id)
        self._queue = pinned(
            "dead_letters",
            SqsQueue(
                self,
                "queue",
                name=name,
                message_retention_seconds=RETENTION_DAYS * 24 * 3600,
                sqs_managed_sse_enabled=True,
            ),
        )
        self.name = self._queue.name
        self.arn = self._queue.arn

    def grant_send(self, grantee: Grantee) -> IamRolePolicy:
        return grantee.role.allow(
            f"send-to-{self.node.id}",
            DataAwsIamPolicyDocumentStatement(actions=["sqs:SendMessage"], resources=[self.arn]),
        )

    def accept_from_rule(self, rule_arn: str) -> None:
        """Let EventBridge send what this rule could not deliver. A queue has one policy: call it once."""
        document = DataAwsIamPolicyDocument(
            self,
            "policy-document",
            statement=[
                deny_without_tls("sqs:*", self.arn),
                DataAwsIamPolicyDocumentStatement(
                    sid="AllowUndeliveredEvents",
                    actions=["sqs:SendMessage"],
                    resources=[self.arn],
                    principals=[service("events.amazonaws.com")],
                    condition=[condition("ArnEquals", "aws:SourceArn", rule_arn)],
                ),
            ],
        )
        pinned(
            "dead_letters", SqsQueuePolicy(self, "policy", queue_url=self._queue.url, policy=document.json)
        )
