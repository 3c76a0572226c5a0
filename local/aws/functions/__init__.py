"""Functions run as on Lambda: what is deployed, behind the Invoke API and EventBridge."""
