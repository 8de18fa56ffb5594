"""Prints the matrix: what is asked of every action type, and why not where it is not."""

from tests.conformance.case import CELLS, NotFor
from tests.conformance.cases import CASES


def main() -> None:
    width = max(map(len, CASES))
    columns = [*CELLS, "other_project", "replayed", "killed"]
    print(" " * width, *columns)
    for name, case in CASES.items():
        marks = ["-" if isinstance(getattr(case, cell, None), NotFor) else "x" for cell in columns]
        print(name.ljust(width), *(mark.center(len(cell)) for mark, cell in zip(marks, columns, strict=True)))
    print()
    for name, case in CASES.items():
        for cell in CELLS:
            if isinstance(reason := getattr(case, cell), NotFor):
                print(f"- {name} {cell}: {reason}")


main()
