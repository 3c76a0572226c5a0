"""What is uploaded to Lambda: reproducible archives of code and dependencies, without CDKTF."""
