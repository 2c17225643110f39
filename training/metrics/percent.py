"""Scores as people read them: in percent, whatever they are in a file."""

from __future__ import annotations


def in_percent(name: str, value: float) -> str:
    """A score of ``metrics.json`` in percent: ROUGE stands there as 0-100, what labels are scored by as 0-1."""
    return f"{value if name.startswith('rouge') else 100 * value:.2f}"
