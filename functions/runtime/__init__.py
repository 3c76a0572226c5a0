"""What knows Lambda: HTTP requests and answers, log, metrics, variables and secrets."""
