"""The Lambda runtime that everything is packed for, in the words of AWS."""

ARCHITECTURE = "arm64"
PYTHON = "python3.13"
