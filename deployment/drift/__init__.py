"""What is there and was not deployed, or is not as it was, where Terraform's plan says "No changes"."""
