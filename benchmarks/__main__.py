"""`python -m benchmarks`: the one there is."""

from benchmarks.synthesis import main

main()
