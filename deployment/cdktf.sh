#!/bin/sh
# `cdktf` of the virtual environment: npm's, in the environment that deployment/programs.py works out.
bin=$(cd "$(dirname "$0")" && pwd) || exit
PYTHONPATH="$bin/../..${PYTHONPATH:+:$PYTHONPATH}" exec "$bin/python" -P -m deployment.cdktf "$@"
