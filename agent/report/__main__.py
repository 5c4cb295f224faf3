"""`python -m agent.report RUN`: write a run's report again, for example after an interruption."""

import argparse
import sys
from pathlib import Path

from agent.errors import UsageError
from agent.report import write_report


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m agent.report",
        description="Write report.html of a run folder, whatever state the run is in.",
    )
    parser.add_argument("run", type=Path, help="the run folder, such as runs/first")
    arguments = parser.parse_args(argv)
    try:
        print(write_report(arguments.run))
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
