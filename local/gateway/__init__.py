"""The deployed HTTP API, served on this machine as API Gateway would serve it."""
