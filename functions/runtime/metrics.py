"""The platform's own metrics, written as log lines in CloudWatch's embedded format, by Powertools."""

from aws_lambda_powertools import Metrics

NAMESPACE = "PotentialParakeet"

metrics = Metrics(namespace=NAMESPACE)
"""`metrics.add_metric(name, MetricUnit.Count, value)`, then `flush_metrics()`. Dimension: the service."""
