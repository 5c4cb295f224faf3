"""Reports in the voice of a teleradiologist at night: headings and lists, fragments, hasty run-on dictation."""

from mini.train.authors.nightdesk.films import report

__all__ = ["report"]
