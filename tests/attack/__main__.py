"""`make attack`: every attack in turn, the outcomes as a table and JSON; exit code 1 where a bound was broken."""

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.attack.attacks import ATTACKS, CHOSEN, NOTHING
from tests.attack.doubling import find_grown
from tests.attack.lab import Lab, running_lab
from tests.attack.report import HEADINGS, as_line, summary
from tests.attack.run import Bounds, Outcome, attacked


def main() -> int:
    """Run what was asked for; the exit code."""
    parser = argparse.ArgumentParser(prog="make attack", description=__doc__)
    parser.add_argument("--only", default="", help="attacks with this in their names, or several with commas")
    parser.add_argument("--chosen", action="store_true", help="only those that stand for the others")
    parser.add_argument("--scale", type=float, default=1, help="how large the attacks are; 0.1: a tenth")
    parser.add_argument("--seconds", type=float, default=30, help="how long an attack lasts at most")
    parser.add_argument("--figures", type=Path, help="where to keep the figures as JSON")
    parser.add_argument(
        "--doors", type=float, default=300, help="seconds for texts of doubling length, drawn by --seed"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--list", action="store_true", help="only tell the attacks")
    options = parser.parse_args()
    wanted = [
        attack
        for attack in ATTACKS
        if any(part in attack.name for part in options.only.split(","))
        and (attack.name in CHOSEN or not options.chosen)
    ]
    if options.list:
        print("\n".join(f"{attack.name:<34} {attack.sends}" for attack in wanted))
        return 0
    outcomes: list[Outcome] = []
    print(HEADINGS, flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="tallykeep-attack-") as directory,
        running_lab(Path(directory) / "server", options.scale) as lab,
    ):
        for attack in (NOTHING, *wanted):
            outcome = attacked(lab, attack, Bounds(), scale_of_time=options.seconds / 30)
            outcomes.append(outcome)
            print(as_line(outcome), flush=True)
            if options.figures:
                options.figures.write_text(json.dumps([asdict(each) for each in outcomes], indent=2) + os.linesep)
        grown = _doors(lab, options.doors, options.seed) if options.doors else False
    print(summary(outcomes))
    return grown or any(outcome.broken for outcome in outcomes)


def _doors(lab: Lab, seconds: float, seed: int) -> bool:
    """Whether time grows faster than length at a door."""
    lab.renew()
    tried, grown = find_grown(lab, seconds, seed)
    print(f"{len(tried)} pairs of a door and a text tried at growing lengths; where time grew faster:")
    print("\n".join(f"    {each}" for each in grown) or "    nowhere")
    slowest = sorted(tried, key=lambda each: -max(each.seconds.values()))[:5]
    print("\n".join(["the slowest:", *(f"    {each}" for each in slowest)]))
    return bool(grown)


if __name__ == "__main__":
    sys.exit(main())
