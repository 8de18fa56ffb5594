"""Put on PYTHONPATH by a test: the process that cleans a row with the code POISON dies at once, as of a defect in C."""

import os
import signal
from pathlib import Path
from typing import Any

from tallykeep.resources.vouchers.importing.csv_rows import CsvVouchers

_clean = CsvVouchers.clean


def _deadly(self: CsvVouchers, rows: list[Any]) -> Any:
    if any(row.value and "POISON" in row.value for row in rows):
        with Path(os.environ["POISONED"]).open("a") as deaths:
            deaths.write(f"{len(rows)}\n")
        os.kill(os.getpid(), signal.SIGKILL)
    return _clean(self, rows)


CsvVouchers.clean = _deadly  # type: ignore[method-assign]
