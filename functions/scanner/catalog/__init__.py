"""The scanners: a file each, and a line here."""

from functions.scanner.catalog.breakout import breakout
from functions.scanner.catalog.high_52_week import high_52_week
from functions.scanner.catalog.mean_reversion import mean_reversion
from functions.scanner.catalog.quallamaggie import quallamaggie
from functions.scanner.scanner import Scanner

_SCANNERS = (
    Scanner(quallamaggie, bars=200),
    Scanner(breakout, bars=252),
    Scanner(high_52_week, bars=252),
    Scanner(mean_reversion, bars=200),
)

SCANNERS: dict[str, Scanner] = {scanner.name: scanner for scanner in _SCANNERS}
"""By name."""
