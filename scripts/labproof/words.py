"""Numbers, estimates and lists as text, for the terminal and the page alike."""

import math
from typing import NamedTuple

NBSP = "\u00a0"
MINUS = "\u2212"
NOTHING = "–"


class Estimate(NamedTuple):
    """Mean over `n` seeds with its interval; the bounds are NaN where n < 2."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def sign(self) -> int | None:
        """1 or -1 when the whole interval is above or below 0; 0 when it holds 0; None: unknown."""
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            return None
        return int(self.low > 0) - int(self.high < 0)

    @property
    def size(self) -> "Estimate":
        """The same estimate with its sign dropped, for sentences that name the direction."""
        if self.mean >= 0:
            return self
        return Estimate(-self.mean, -self.high, -self.low, self.n)


def number(value: float | None, digits: int = 3) -> str:
    """A number with fixed decimals and a true minus sign; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return NOTHING
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def bounds(estimate: Estimate, digits: int = 3) -> str:
    """`[low, high]`, or nothing where there is no interval. Escaped: Markdown reads [x] itself."""
    if estimate.sign is None:
        return ""
    return f"\\[{number(estimate.low, digits)},{NBSP}{number(estimate.high, digits)}\\]"


def estimate(value: Estimate, digits: int = 3) -> str:
    """`mean [low, high]`, kept on one line."""
    return f"{number(value.mean, digits)}{NBSP}{bounds(value, digits)}".rstrip(NBSP)


def strong(value: Estimate, digits: int = 3) -> str:
    """As `estimate`, the mean in bold."""
    return f"**{number(value.mean, digits)}**{NBSP}{bounds(value, digits)}".rstrip(NBSP)


def percent(value: Estimate, digits: int = 0) -> str:
    """An estimate of a share as `12 % [10, 14]`."""
    scaled = Estimate(100 * value.mean, 100 * value.low, 100 * value.high, value.n)
    return f"{number(scaled.mean, digits)}{NBSP}%{NBSP}{bounds(scaled, digits)}".rstrip(NBSP)


def strong_percent(value: Estimate, digits: int = 0) -> str:
    """As `percent`, the mean in bold."""
    mean, unit, *rest = percent(value, digits).split(NBSP, 2)
    return NBSP.join([f"**{mean}{NBSP}{unit}**", *rest])


def power(value: float | None) -> str:
    """A learning rate as Markdown: `2 × 10^−5^`."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if value == 0:
        return "0"
    factor, exponent = f"{value:.3e}".split("e")
    factor = factor.rstrip("0").rstrip(".")
    ten = f"10^{str(int(exponent)).replace('-', MINUS)}^"
    return ten if factor == "1" else f"{factor}{NBSP}×{NBSP}{ten}"


def duration(seconds: float | None) -> str:
    """Seconds in the unit that a reader would choose: `42 s`, `7.5 min`, `3.2 h`."""
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
    if seconds < 100:
        return f"{seconds:.1f}{NBSP}s" if seconds < 10 else f"{seconds:.0f}{NBSP}s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.1f}{NBSP}min"
    return f"{seconds / 3600:.1f}{NBSP}h"


def thousands(value: int | None) -> str:
    """A whole number with spaces between its thousands; a dash where there is none."""
    return NOTHING if value is None else f"{value:,}".replace(",", NBSP)


def count(number_of: int, one: str, many: str | None = None) -> str:
    """`1 seed`, `5 seeds`."""
    return f"{thousands(number_of)}{NBSP}{one if number_of == 1 else many or one + 's'}"


def listing(items: list[str], most: int = 4) -> str:
    """`a, b and c`; past `most` items the rest is counted."""
    items = list(items)
    if len(items) > most:
        items = [*items[: most - 1], f"{len(items) - most + 1} more"]
    if len(items) < 2:
        return "".join(items)
    return ", ".join(items[:-1]) + " and " + items[-1]
