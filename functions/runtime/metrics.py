"""The platform's own metrics, written as log lines in CloudWatch's embedded format, by Powertools."""

import os

from aws_lambda_powertools import Metrics

NAMESPACE = "PotentialParakeet"

metrics = Metrics(namespace=NAMESPACE)
"""`metrics.add_metric(name, "Count", value)`, then `flush_metrics()`."""
# Else dev's numbers would be added to prod's where both are in one account.
metrics.set_default_dimensions(
    environment=os.environ.get("ENVIRONMENT", "unknown"),
    service=os.environ.get("POWERTOOLS_SERVICE_NAME", "unknown"),
)
