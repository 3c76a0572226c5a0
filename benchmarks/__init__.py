"""Measurements of the program itself: `make bench`."""
