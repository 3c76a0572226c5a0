"""Functions run as on Lambda: execution environments of deployed code, behind the Invoke API and EventBridge."""
