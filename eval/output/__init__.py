"""What an experiment leaves to read: tidy tables, tables beside the published figures, plots and one page."""

from eval.output.write import write_all

__all__ = ["write_all"]
