"""Drawings of one row: spans that the style places along an axis, in per cent of its width."""

from collections.abc import Sequence


class Axis:
    """An axis with some room on both sides of the values that it must show."""

    def __init__(self, values: Sequence[float], least: float | None = None):
        low, high = min(values), max(values)
        room = 0.08 * (high - low) or 0.1
        self.low = low - room if least is None else least
        self.high = high + room

    def at(self, x: float | None, unknown: float = 0.0) -> float:
        """Place of a value, 0 to 100; `unknown` for None."""
        return unknown if x is None else 100 * (x - self.low) / (self.high - self.low)


def span(name: str, left: float, right: float | None = None) -> str:
    """A mark of a class at a place, or from one to another."""
    width = "" if right is None else f";width:{max(right - left, 0.5):.1f}%"
    return f'[]{{.{name} style="left:{left:.1f}%{width}"}}'
