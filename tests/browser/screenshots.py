"""The pictures of the README and the docs, taken of the running product: `make screenshots`."""

import tempfile
import time
from pathlib import Path

import psycopg
from playwright.sync_api import Page

from tests.browser.chromium import Visitor, program, running_chromium, visiting
from tests.browser.examples import EXAMPLES, SUPPLIER, send
from tests.postgres import fresh_database, running_postgres
from tests.server import Api, Server, new_project

IMAGES = Path(__file__).parents[2] / "docs" / "images"
_LARGE = "Code,Voucher Type,Value\n" + "".join(f"AUTUMN-{number:06},GIFT_VOUCHER,25\n" for number in range(400_000))

_ACTION_BACK = """
UPDATE async_actions
SET created_at = created_at - %(back)s::interval, updated_at = updated_at - %(back)s::interval,
    started_at = started_at - %(back)s::interval, finished_at = finished_at - %(back)s::interval
WHERE id = %(id)s
"""
_BATCHES_BACK = "UPDATE batches SET closed_at = closed_at - %(back)s::interval WHERE action_id = %(id)s"


def main() -> None:
    """Take all pictures anew."""
    path = program()
    if path is None:
        raise SystemExit("There is no chromium: apt-get install chromium, or set CHROMIUM")
    IMAGES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="tallykeep-") as directory,
        running_postgres(Path(directory) / "pg") as postgres,
        fresh_database(postgres) as database,
    ):
        server = Server(Path(directory) / "server", database_url=database).start()
        try:
            api = Api(server.url, new_project(database, "Shop"))
            with running_chromium(path) as browser:
                task_id = _fill(api, database)
                with visiting(browser, server.url) as visitor:
                    _take_wide(visitor, api, task_id)
                with visiting(browser, server.url, "phone") as visitor:
                    visitor.sign_in(api.keys)
                    _take(visitor.open(f"/tasks/{task_id}"), "task-phone")
        finally:
            server.stop()


def _fill(api: Api, database: str) -> str:
    """An hour's work; returns the id of a task with failed rows."""
    customers = "Name,Email,Source_id\n" + "".join(f"N {n},n{n}@example.com,c{n}\n" for n in range(9_000))
    gifts = (EXAMPLES / "1-gift-vouchers.csv").read_text()
    tasks = [
        (52, send(api, "customers.csv", customers, path="/v1/customers/importCSV")),
        (41, send(api, "1-gift-vouchers.csv", gifts, dry_run="true")),
        (38, send(api, "1-gift-vouchers.csv", gifts)),
        (29, api.import_json([{"code": f"J{number}", "gift": {"amount": 100}} for number in range(12_000)])),
        (17, send(api, "empty.csv", "Code,Voucher Type\n")),
        (6, send(api, SUPPLIER.name, SUPPLIER.read_text())),
    ]
    for minutes, action_id in tasks:
        api.ended(action_id)
        _put_back(database, action_id, minutes)
    return tasks[-1][1]


def _put_back(database: str, action_id: str, minutes: int) -> None:
    """Let the task have run so many minutes ago, so that the pictures show an hour and not a second."""
    back = {"id": action_id, "back": f"{minutes} minutes"}
    with psycopg.connect(database) as connection:
        connection.execute(_ACTION_BACK, back)
        connection.execute(_BATCHES_BACK, back)


def _take_wide(visitor: Visitor, api: Api, task_id: str) -> None:
    visitor.sign_in(api.keys)
    running = send(api, "autumn-codes.csv", _LARGE)
    while api.get(f"/v1/async-actions/{running}")["progress"] < 35:
        time.sleep(0.05)
    _take(visitor.open("/tasks"), "tasks")
    api.ended(running)
    _take(visitor.open(f"/tasks/{task_id}"), "task")
    page = visitor.open(f"/tasks/{task_id}/fix")
    page.locator("td.at-fault input").nth(0).fill("10")
    page.locator("td.at-fault input").nth(1).fill("DISCOUNT_VOUCHER")
    _take(page, "fix")


def _take(page: Page, name: str) -> None:
    page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
