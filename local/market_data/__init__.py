"""Plays Tiingo and Polygon on this machine.

Made-up prices in their real forms, and their failures on demand.
"""
