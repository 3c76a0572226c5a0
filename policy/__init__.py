"""What checkov, policy-sentry and cloudsplaining say about what is planned, and what is acknowledged."""
