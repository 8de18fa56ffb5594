"""`make mutations`: take one safeguard out at a time, and see that the test which holds it fails."""

import argparse
import sys
import time

from tests.mutants.trials import Outcome, Trials, trials
from tests.mutations import MUTATIONS
from tests.mutations.mutation import MIGRATIONS, Mutation

_MAX_SECONDS = 240


def main() -> int:
    """Try the mutations whose safeguard or test holds the given word; exit code 1 when one survives."""
    arguments = argparse.ArgumentParser(prog="make mutations", description=__doc__)
    arguments.add_argument("word", nargs="?", default="")
    word = arguments.parse_args().word
    survivors = 0
    print(f"{'safeguard taken out':<60} {'outcome':<10} {'seconds':>7}  test that must fail", flush=True)
    with trials(EVERY_FAULT="1") as tried:
        for mutation in MUTATIONS:
            if word in mutation.safeguard or word in mutation.test:
                started = time.monotonic()
                outcome = _try(tried, mutation)
                survivors += outcome not in (Outcome.CAUGHT, Outcome.HUNG)
                seconds = time.monotonic() - started
                print(f"{mutation.safeguard:<60} {outcome:<10} {seconds:>7.1f}  {mutation.test}", flush=True)
    print(f"{survivors} survived")
    return 1 if survivors else 0


def _try(tried: Trials, mutation: Mutation) -> Outcome:
    text = (tried.tree / mutation.file).read_text()
    if text.count(mutation.text) != 1:
        return Outcome.MISSING
    with tried.reading(mutation.file, text.replace(mutation.text, mutation.replacement)):
        migrated = not mutation.file.startswith(MIGRATIONS)
        return tried.run([mutation.test], seconds=_MAX_SECONDS, migrated=migrated)[0]


if __name__ == "__main__":
    sys.exit(main())
