"""A row that kills the process which touches it: it alone fails, and says so."""

import os
from collections.abc import Callable
from pathlib import Path

import psycopg

from tests.crash.test_kills import client, database_url
from tests.server import Server

BATCH = 9  # cut into five parts, one of which is cut again: each part has a process of its own
POISONED_ROW = 6
MAX_DEATHS = 7  # two with its batch, one with it in isolation, one with its part, two alone, and one to spare


def test_a_row_that_kills_the_worker_fails_alone(serve: Callable[..., Server], session_dir: Path) -> None:
    deaths = session_dir / "deaths"
    path = os.pathsep.join([str(Path(__file__).parent / "poison"), os.environ.get("PYTHONPATH", "")])
    server = serve("poison", TALLYKEEP_BATCH_ROWS=str(BATCH), PYTHONPATH=path, POISONED=str(deaths))
    codes = [f"C{number}" for number in range(1, 2 * BATCH + 1)]
    codes[POISONED_ROW - 1] = "POISON"
    api = client(server)
    lines = "".join(f"{code},GIFT_VOUCHER,1\n" for code in codes)
    action = api.ended(api.import_csv(f"Code,Voucher Type,Value\n{lines}"), seconds=240)

    assert (action["status"], action["done_count"], action["failed_count"]) == ("DONE", len(codes) - 1, 1)
    (failure,) = api.get(f"/v1/async-actions/{action['id']}/failures")["failures"]
    assert failure["row"] == POISONED_ROW
    assert failure["reason"].startswith("Internal error: the worker process ended (signal 9)")
    with psycopg.connect(database_url(server)) as connection:
        stored = {code for (code,) in connection.execute("SELECT code FROM vouchers")}
    assert stored == set(codes) - {"POISON"}
    sizes = [int(size) for size in deaths.read_text().split()]
    assert sorted(set(sizes), reverse=True) == [BATCH, 2, 1], sizes
    assert len(sizes) <= MAX_DEATHS, sizes
    # Who was not killed by it still works.
    assert api.ended(api.import_csv("Code,Voucher Type,Value\nAFTER,GIFT_VOUCHER,1\n"))["done_count"] == 1


def test_a_small_import_that_kills_the_worker_takes_none_along(serve: Callable[..., Server], session_dir: Path) -> None:
    deaths = session_dir / "small deaths"
    path = os.pathsep.join([str(Path(__file__).parent / "poison"), os.environ.get("PYTHONPATH", "")])
    server = serve("small-poison", PYTHONPATH=path, POISONED=str(deaths))
    api = client(server)
    server.role("worker").suspend()  # so that one attempt begins with all of them
    codes = [f"C{number}" for number in range(10)]
    codes[4] = "POISON"
    actions = [api.import_csv(f"Code,Voucher Type,Value\n{code},GIFT_VOUCHER,1\n") for code in codes]
    server.role("worker").resume()
    ended = [api.ended(action, seconds=240) for action in actions]

    assert [action["done_count"] for action in ended] == [int(code != "POISON") for code in codes]
    assert ended[4]["failed_count"] == 1
    (failure,) = api.get(f"/v1/async-actions/{actions[4]}/failures")["failures"]
    assert failure["reason"].startswith("Internal error: the worker process ended (signal 9)")
    # With the others, by itself, twice in an isolated process, and one to spare.
    assert len(deaths.read_text().split()) <= 5
