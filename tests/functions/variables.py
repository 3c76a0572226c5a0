"""The variables that the stack gives the functions."""

VARIABLES = {
    "ENVIRONMENT": "dev",
    "POWERTOOLS_SERVICE_NAME": "potential-parakeet-tests",
    "SECRETS_ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:potential-parakeet/dev-AbCdEf",
    "AWS_S3_BUCKET": "potential-parakeet-cache-dev",
}
