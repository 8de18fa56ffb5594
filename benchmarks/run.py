"""`make bench`: every measure, one table."""

import argparse

from benchmarks import voucher_import
from benchmarks.report import report


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the same code on smaller sizes")
    quick = parser.parse_args().quick
    report([voucher_import.measure(quick=quick)])


if __name__ == "__main__":
    main()
