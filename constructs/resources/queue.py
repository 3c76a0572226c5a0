"""Where events go that nobody could handle."""

from bindings.aws import (
    DataAwsIamPolicyDocumentStatement,
    IamRolePolicy,
    SqsQueue,
    SqsQueuePolicy,
)
from constructs import Construct
from constructs.resources.address import pinned
from constructs.resources.metric import Metric
from constructs.resources.policy import ResourcePolicy, condition, service
from constructs.resources.role import Grantee

# The longest that SQS keeps a message (SQS quotas page): time for a person to look.
RETENTION_DAYS = 14


class DeadLetterQueue(Construct):
    """A queue encrypted by SQS, under the pinned address `aws_sqs_queue.<address>`."""

    def __init__(self, scope: Construct, id: str, *, name: str, address: str) -> None:
        super().__init__(scope, id)
        queue = pinned(
            address,
            SqsQueue(
                self,
                "queue",
                name=name,
                message_retention_seconds=RETENTION_DAYS * 24 * 3600,
                sqs_managed_sse_enabled=True,
            ),
        )
        self.name = queue.name
        self.arn = queue.arn
        self._allowed = ResourcePolicy(self, "policy-document", action="sqs:*", resources=[self.arn])
        pinned(address, SqsQueuePolicy(self, "policy", queue_url=queue.url, policy=self._allowed.json))

    @property
    def waiting(self) -> Metric:
        """Messages that wait to be looked at."""
        return Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": self.name}, "Maximum")

    def grant_send(self, grantee: Grantee) -> IamRolePolicy:
        """Let it send messages."""
        return grantee.role.allow(
            f"send-to-{self.node.id}",
            DataAwsIamPolicyDocumentStatement(actions=["sqs:SendMessage"], resources=[self.arn]),
        )

    def accept_from_rule(self, rule_arn: str) -> None:
        """Let EventBridge send what this rule could not deliver."""
        self._allowed.allow(
            DataAwsIamPolicyDocumentStatement(
                actions=["sqs:SendMessage"],
                resources=[self.arn],
                principals=[service("events.amazonaws.com")],
                condition=[condition("ArnEquals", "aws:SourceArn", rule_arn)],
            )
        )
