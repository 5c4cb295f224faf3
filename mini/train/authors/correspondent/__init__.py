"""Wordings by one who writes letters, posts and lists, and dictates reports."""

from mini.train.authors.correspondent.films import report
from mini.train.authors.correspondent.scenes import caption, plot

__all__ = ["caption", "plot", "report"]
