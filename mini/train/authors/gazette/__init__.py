"""Wordings in borrowed voices, from a newspaper's to a hurried resident's."""

from mini.train.authors.gazette.films import report
from mini.train.authors.gazette.scenes import caption, plot

__all__ = ["caption", "plot", "report"]
