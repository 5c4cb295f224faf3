"""Reports as a physician of the old school writes them to the referring colleague, in long subordinate sentences; a
third of them sound like the translated report of a hospital abroad."""

from mini.train.authors.letters.films import report

__all__ = ["report"]
