"""The Lambda runtime that everything is packed for, in the words of AWS."""

from types import MappingProxyType

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

VARIABLES = MappingProxyType({"OPENBLAS_NUM_THREADS": "1"})
"""What every function is started with.

One thread for numpy's BLAS: below 1,769 MB a function has less than one processor (Lambda developer guide,
"Memory"), and the others' busy waiting is 100 ms of a cold start's CPU time (`make bench`).
"""
