"""`python -m tests.outages`: the table of outages, with figures; `--long`: a minute of each; `--only`: some of it."""

import argparse
import tempfile
import time
from pathlib import Path

from tests.outages.scene import Seen, set_up, undergo
from tests.outages.table import OUTAGES, Outage


def main() -> None:
    """Run the table and print what was seen."""
    parser = argparse.ArgumentParser(prog="python -m tests.outages", description=__doc__)
    parser.add_argument("--long", action="store_true", help="away and silent for a minute each")
    parser.add_argument("--only", default="", help="outages whose name has this in it")
    arguments = parser.parse_args()
    chosen = [outage for outage in OUTAGES if arguments.only in outage.name]
    with tempfile.TemporaryDirectory(prefix="tallykeep-outages-") as directory, set_up(Path(directory)) as scene:
        print(f"{'outage':40} {'household':9} {'seconds':>7} {'read':>6} {'submit':>6} {'done':>6} {'ready':>6}"
              f" {'longest read':>13} {'longest health':>14}")  # fmt: skip
        for outage in chosen:
            seconds = outage.long_seconds if arguments.long else outage.seconds
            for name, seen in undergo(scene, outage.begin, outage.end, seconds).items():
                print(_line(outage, name, seconds, seen), flush=True)
            if outage.afterwards is not None:
                outage.afterwards(scene)
                for household in scene.households:
                    household.seconds_until_well(time.monotonic())
        assert all(household.all_alive() for household in scene.households), "a process has ended"


def _line(outage: Outage, name: str, seconds: float, seen: Seen) -> str:
    back = (seen.back[step] for step in ("read", "submission", "completion", "ready"))
    figures = " ".join(f"{each:6.2f}" for each in back)
    return f"{outage.name:40} {name:9} {seconds:7.1f} {figures} {seen.max_read:13.2f} {seen.max_health:14.2f}"


if __name__ == "__main__":
    main()
