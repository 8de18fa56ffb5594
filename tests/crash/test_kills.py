"""Whatever is killed on the way: each row is there exactly once and the tally is exact."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import psycopg
import pytest

from tallykeep.tenants.projects import Keys
from tests.crash.conftest import KEYS
from tests.http.watching import vouchers_held_back
from tests.server import Api, Server, new_project
from tests.sizes import sized

ROWS = sized(200_000, short=60_000)
EVERY_NTH_FAILS = 1_000
_CLAIM_SECONDS = 60


def client(server: Server) -> Api:
    return Api(server.url, Keys("", *KEYS.values()))


def file_of(rows: int) -> str:
    lines = (
        f"C{number},{'' if number % EVERY_NTH_FAILS == 0 else 'GIFT_VOUCHER'},1,row {number}\n"
        for number in range(1, rows + 1)
    )
    return "Code,Voucher Type,Value,Note\n" + "".join(lines)


def at_progress(api: Api, action_id: str, rows: int) -> None:
    """Return once so many rows are accounted for."""
    while True:
        answer = api.http.get(f"/v1/async-actions/{action_id}")
        if answer.status_code != 503:  # as long as a process that was killed is missed
            action = answer.json()
            if action["done_count"] + action["failed_count"] >= rows:
                return
        time.sleep(0.01)


def database_url(server: Server) -> str:
    postgres = server.role("postgres")
    (socket_dir,) = [
        word.split("=", 1)[1] for word in postgres.cmdline() if word.startswith("unix_socket_directories=")
    ]
    return f"postgresql://postgres@/postgres?host={socket_dir}"


def audit(server: Server, action_id: str, rows: int, api: Api | None = None) -> None:
    """Every row exactly once: the good ones as vouchers, the bad ones as failures, and the counts of both.

    The project is that of `api`, or the server's first one, and has no other vouchers.
    """
    expected_failures = list(range(EVERY_NTH_FAILS, rows + 1, EVERY_NTH_FAILS))
    with psycopg.connect(database_url(server)) as connection:
        vouchers = "vouchers WHERE project_id = (SELECT project_id FROM async_actions WHERE id = %s)"
        counted = connection.execute(
            f"SELECT count(*), count(DISTINCT code), count(DISTINCT id) FROM {vouchers}", (action_id,)
        ).fetchone()
        assert counted == (rows - len(expected_failures),) * 3
        mismatched = connection.execute(
            f"SELECT count(*) FROM {vouchers} AND metadata ->> 'Note' <> 'row ' || substr(code, 2)", (action_id,)
        ).fetchone()
        assert mismatched == (0,)
        failed = connection.execute(
            'SELECT "row" FROM failures WHERE action_id = %s ORDER BY 1', (action_id,)
        ).fetchall()
        assert [row for (row,) in failed] == expected_failures
        tallies = connection.execute(
            "SELECT sum(done_count), sum(failed_count), count(*) FILTER (WHERE status = 'OPEN') FROM batches"
            " WHERE action_id = %s",
            (action_id,),
        ).fetchone()
        assert tallies == (rows - len(expected_failures), len(expected_failures), 0)
    action = (api or client(server)).get(f"/v1/async-actions/{action_id}")
    assert (action["done_count"], action["failed_count"]) == (rows - len(expected_failures), len(expected_failures))


@pytest.fixture(scope="module")
def battered(session_dir: Path, cluster: Path) -> Iterator[Server]:
    """A server whose parts are killed by one test after the other, each with a project of its own."""
    variables = {"TALLYKEEP_RESCUE_AFTER_SECONDS": "1", "TALLYKEEP_BATCH_ROWS": str(ROWS // 20), **KEYS}
    server = Server(session_dir / "battered", cluster=cluster, **variables).start()
    yield server
    if server.running:
        server.stop()


def test_worker_killed_again_and_again_and_postgres_once(battered: Server) -> None:
    api = Api(battered.url, new_project(database_url(battered)))
    action_id = api.import_csv(file_of(ROWS))
    kills = [(0, "worker"), (0.02, "worker"), (0.2, "worker"), (0.4, "postgres"), (0.6, "worker"), (0.95, "worker")]
    for progress, role in kills:
        at_progress(api, action_id, int(progress * ROWS))
        battered.kill_role(role)
        battered.wait_ready()
    action = api.ended(action_id, seconds=180)
    assert action["status"] == "DONE"
    audit(battered, action_id, ROWS, api)


def test_small_imports_of_a_worker_killed_again_and_again_are_there_exactly_once(battered: Server) -> None:
    url = database_url(battered)
    api = Api(battered.url, new_project(url))
    actions: list[str] = []
    for kill in range(4):
        worker = battered.role("worker")
        worker.suspend()  # so that they are applied many at a time
        for number in range(len(actions), len(actions) + 40):
            actions.append(api.import_json([{"code": f"C{number}-{row}", "gift": {"amount": 1}} for row in range(3)]))
        with ExitStack() as held:
            held.enter_context(vouchers_held_back(url))
            worker.resume()
            _until_one_claims(url)
            if kill % 2:
                held.close()  # it is killed while it writes, and otherwise before
            worker.kill()
        battered.wait_ready()
    assert {api.ended(action)["done_count"] for action in actions} == {3}
    with psycopg.connect(url) as connection:
        vouchers = "vouchers WHERE project_id = (SELECT project_id FROM projects WHERE id = %s)"
        counted = connection.execute(
            f"SELECT count(*), count(DISTINCT code) FROM {vouchers}", (api.keys.project,)
        ).fetchone()
        assert counted == (3 * len(actions),) * 2
        wrong = "SELECT FROM batches WHERE (status = 'OPEN' OR done_count <> 3) AND action_id = ANY (%s)"
        assert connection.execute(wrong, (actions,)).fetchall() == []


def _until_one_claims(url: str) -> None:
    """Return once a worker has claimed a batch: its transaction waits to write the vouchers, which are held back."""
    waiting = (
        "SELECT 1 FROM pg_locks WHERE relation = 'vouchers'::regclass AND mode = 'RowExclusiveLock' AND NOT granted"
    )
    deadline = time.monotonic() + _CLAIM_SECONDS
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(waiting).fetchone() is None:
            assert time.monotonic() < deadline, "no worker claims a batch"
            time.sleep(0.001)


def test_everything_killed_and_started_again_finds_everything(serve: Callable[..., Server]) -> None:
    server = serve("all")
    assert "X-App-Id           crash-app" in "".join(server.output)
    assert "crash-token" not in "".join(server.output)  # it came from the environment
    api = client(server)
    finished = api.import_json([{"code": "BEFORE", "gift": {"amount": 1}}])
    api.ended(finished)
    action_id = api.import_csv(file_of(50_000))
    at_progress(api, action_id, 5_000)
    server.kill_everything()
    server.start()
    assert "crash-app" not in "".join(server.output)
    api = client(server)
    assert api.get(f"/v1/async-actions/{finished}")["status"] == "DONE"
    assert api.get("/v1/vouchers/BEFORE")["code"] == "BEFORE"
    assert api.ended(action_id, seconds=120)["status"] == "DONE"
    with psycopg.connect(database_url(server), autocommit=True) as connection:
        connection.execute("DELETE FROM vouchers WHERE code = 'BEFORE'")
    audit(server, action_id, 50_000)


def test_every_role_comes_back_and_nothing_is_left_behind(battered: Server) -> None:
    api = Api(battered.url, new_project(database_url(battered)))
    for role in ("api", "worker", "postgres"):
        before = battered.role(role)
        before.kill()
        psutil.wait_procs([before], timeout=60)
        assert battered.role(role).pid != before.pid
        battered.wait_ready()
        code = f"AFTER-{role}"
        assert api.ended(api.import_json([{"code": code, "gift": {"amount": 1}}]))["done_count"] == 1
    family = battered.family()
    assert battered.stop() == 0
    _, alive = psutil.wait_procs(family, timeout=60)
    assert alive == []


@pytest.fixture(scope="module")
def impatient(session_dir: Path, cluster: Path) -> Iterator[Server]:
    """A server for tests that leave it as it was, but for the last one; a silent worker, or API, is replaced soon."""
    silence = {"TALLYKEEP_WORKER_SILENCE_SECONDS": "3", "TALLYKEEP_API_SILENCE_SECONDS": "4"}
    variables = {"TALLYKEEP_RESCUE_AFTER_SECONDS": "1", **silence, **KEYS}
    server = Server(session_dir / "impatient", cluster=cluster, **variables).start()
    yield server
    if server.running:
        server.stop()


def test_one_data_directory_is_served_once(impatient: Server) -> None:
    second = Server(impatient.directory, **KEYS)
    assert second.fails_to_start() == 1
    assert "Another `tallykeep serve` uses" in second.log.read_text()
    assert client(impatient).get("/readyz")["status"] == "ok"


def test_lost_keys_can_be_made_anew(impatient: Server) -> None:
    command = [sys.executable, "-m", "tallykeep", "keys", "recover", "--data-dir", str(impatient.directory / "data")]
    made = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    app_id, app_token = (re.search(rf"X-App-{name}\s+(\S+)", made) for name in ("Id", "Token"))
    assert app_id and app_token
    fresh = Api(impatient.url, Keys("", app_id[1], app_token[1], "", ""))
    known = client(impatient)
    code = known.http.post("/v1/vouchers", json={"type": "GIFT_VOUCHER", "gift": {"amount": 1}}).json()["code"]
    assert fresh.get(f"/v1/vouchers/{code}") == known.get(f"/v1/vouchers/{code}")


def test_a_worker_that_is_stopped_is_replaced(impatient: Server) -> None:
    api = client(impatient)
    stopped = impatient.role("worker")
    stopped.suspend()
    action_id = api.import_json([{"code": "AFTER-STOPPED", "gift": {"amount": 1}}])
    assert api.ended(action_id, seconds=60)["done_count"] == 1
    assert impatient.role("worker").pid != stopped.pid


def test_an_api_that_is_stopped_is_replaced(impatient: Server) -> None:
    stopped = impatient.role("api")
    stopped.suspend()
    _, alive = psutil.wait_procs([stopped], timeout=60)
    assert not alive
    impatient.wait_ready()
    assert impatient.role("api").pid != stopped.pid
    api = client(impatient)
    assert api.ended(api.import_json([{"code": "AFTER-SILENCE", "gift": {"amount": 1}}]))["done_count"] == 1


def test_each_of_two_workers_is_watched_and_comes_back(serve: Callable[..., Server]) -> None:
    server = serve("two-workers", TALLYKEEP_WORKERS="2", TALLYKEEP_WORKER_SILENCE_SECONDS="2")
    both = server.role_processes("worker", 2)
    by_file = {Path(each.environ()["TALLYKEEP_HEARTBEAT_FILE"]).name: each for each in both}
    assert set(by_file) == {"worker.heartbeat", "worker-2.heartbeat"}
    killed, stopped = workers = by_file["worker.heartbeat"], by_file["worker-2.heartbeat"]
    killed.kill()
    stopped.suspend()
    _, alive = psutil.wait_procs(workers, timeout=60)
    assert not alive
    others = server.role_processes("worker", 2)
    assert len(others) == 2 and {each.pid for each in workers}.isdisjoint(each.pid for each in others)
    api = client(server)
    assert api.ended(api.import_json([{"code": "AFTER-BOTH", "gift": {"amount": 1}}]))["done_count"] == 1


def test_a_worker_that_is_stopped_while_it_starts_is_replaced(impatient: Server) -> None:
    stopped = []
    for _ in range(2):  # the second one before it has given any sign of life
        worker = impatient.role("worker")
        worker.suspend()
        stopped.append(worker.pid)
        _, alive = psutil.wait_procs([worker], timeout=60)
        assert not alive, f"after {stopped}"
    api = client(impatient)
    assert api.ended(api.import_json([{"code": "AFTER", "gift": {"amount": 1}}]))["done_count"] == 1
    assert impatient.role("worker").pid not in stopped


def test_a_killed_supervisor_takes_its_children_with_it(impatient: Server) -> None:
    family = impatient.family()
    family[0].kill()
    _, alive = psutil.wait_procs(family, timeout=60)
    assert alive == []
