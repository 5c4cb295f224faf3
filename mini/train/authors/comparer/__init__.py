"""Reports in the voice of a consultant who reads every film against the one before it: the comparison leads, in prose.
A third of them are a registrar's terse notes of the same."""

from mini.train.authors.comparer.films import report

__all__ = ["report"]
