"""The schema's versions, oldest first, each safe while the previous code still serves."""
