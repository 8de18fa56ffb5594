"""`make crash`: a run with the given seed, kills and rows; its figures as text and JSON; exit code 1 on a violation."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.crash.nemesis.run import Plan, report, run


def main() -> int:
    """Run once and report."""
    arguments = argparse.ArgumentParser(prog="make crash", description=__doc__)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--kills", type=int, default=60)
    arguments.add_argument("--rows", type=int, default=60_000)
    arguments.add_argument("--json", type=Path, help="where the figures go as JSON")
    arguments.add_argument("--keep", type=Path, help="a directory for the server's data and logs, to be looked at")
    options = arguments.parse_args()
    plan = Plan(options.seed, options.kills, options.rows)
    if options.keep:
        return report(run(plan, options.keep), options.json)
    # Short, because a Unix socket's path is.
    with tempfile.TemporaryDirectory(prefix="tallykeep-crash-") as directory:
        return report(run(plan, Path(directory)), options.json)


sys.exit(main())
