"""The Lambda runtime that everything is packed for, in the words of AWS."""

ARCHITECTURE = "arm64"
PYTHON = "python3.13"

PYTHON_VERSION = PYTHON.removeprefix("python")
CACHE_TAG = f"cpython-{PYTHON_VERSION.replace('.', '')}"
"""In the names of that Python's byte code."""

WHEELS = "aarch64-manylinux_2_28"
"""What wheels for it may need at most, in uv's words. It is Amazon Linux 2023, with glibc 2.34."""

OWN_MODULES = frozenset({"boto3", "botocore", "urllib3"})
"""What the runtime has itself, at no fixed version (Lambda developer guide, "Building with Python")."""

FUNCTION_FOLDER = "/var/task"
LAYER_FOLDER = "/opt/python"
