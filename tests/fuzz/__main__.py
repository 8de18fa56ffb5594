"""`make fuzz`: every caller for a while, by examples that differ from run to run; exit code 1 on a failure."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.fuzz.callers import CALLERS
from tests.fuzz.run import Effort, fuzz
from tests.fuzz.served import served
from tests.postgres import migrated_template, running_postgres


def main() -> int:
    """Run as each caller whose name holds the given word, and report."""
    arguments = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--examples", type=int, default=50, help="of each operation, in each round")
    arguments.add_argument("--seconds", type=int, default=300, help="as each caller; rounds go on until then")
    arguments.add_argument("--only", default="", help="part of a caller's name")
    options = arguments.parse_args()
    effort = Effort(options.examples, options.seed, options.seconds, coverage=True)
    failed = 0
    with tempfile.TemporaryDirectory(prefix="tallykeep-fuzz-") as name:
        directory = Path(name)
        with (
            running_postgres(directory / "pg") as postgres,
            migrated_template(postgres) as template,
            served(directory / "server", postgres, template) as server,
        ):
            for caller_name in [each for each in CALLERS if options.only in each]:
                caller, project = server.caller(caller_name)
                findings = fuzz(server.url, server.document, caller.headers, project, effort)
                failed += len(findings.failures)
                print("\n\n".join(findings.failures.values()), flush=True)
                print(f"{caller_name}: {findings.requests} requests, {len(findings.failures)} failures", flush=True)
    return 1 if failed else 0


sys.exit(main())
