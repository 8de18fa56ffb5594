"""Submit, run, crash, cancel and retry in any order: whatever happens, every row is accounted for, and written once."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from psycopg_pool import PoolTimeout

from tallykeep.core.errors import ConflictError
from tallykeep.core.options.submission_options import OnError, SubmissionOptions
from tallykeep.engine.managing.action_control import Parent, target_parameters
from tests.db.engine import WORKER, Engine, open_engine
from tests.postgres import fresh_database

Result = TypeVar("Result")

CODES = st.sampled_from([f"C{number}" for number in range(12)])
ROWS = st.lists(st.tuples(CODES, st.booleans()), min_size=1, max_size=9)
OPTIONS = st.builds(
    SubmissionOptions,
    dry_run=st.booleans(),
    on_error=st.sampled_from(OnError),
    max_failures=st.integers(1, 3),
)


class Lifecycle(RuleBasedStateMachine):
    """One project's actions on a real database; jobs are taken by hand, and everything may break in between."""

    server_url = ""
    template = ""

    actions: Bundle[str] = Bundle("actions")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.database = fresh_database(self.server_url, self.template)
        url = self.database.__enter__()
        # Sessions end so often here that a batch would come to be tried alone, which is a process's matter.
        self.opened = open_engine(
            url, batch_rows=2, batches_in_flight=3, rescue_after_seconds=-60, batch_attempts=1_000
        )
        self.engine: Engine = self.do(self.opened.__aenter__())
        self.submitted: dict[str, list[tuple[str, bool]]] = {}

    def do(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.runner.run(work)

    @rule(target=actions, rows=ROWS, submission_options=OPTIONS)
    def submit(self, rows: list[tuple[str, bool]], submission_options: SubmissionOptions) -> str:
        body = [{"code": code, "gift": {"amount": 1}} if valid else {"code": code} for code, valid in rows]
        options = {
            "dry_run": submission_options.dry_run,
            "on_error": submission_options.on_error,
            "max_failures": submission_options.max_failures,
        }
        action_id = self.do(self.engine.submit_json(body, **options))
        self.submitted[action_id] = rows
        return action_id

    @rule(times=st.integers(1, 4))
    def run_side_by_side(self, times: int) -> None:
        async def run() -> None:
            await asyncio.gather(*(self.engine.advance() for _ in range(times)))

        self.do(run())

    @rule(times=st.integers(1, 3), timestamp=st.sampled_from([0, 0.001, 0.003, 0.01, 0.03]))
    def crash(self, times: int, timestamp: float) -> None:
        """The workers' sessions end in the middle of their work, as they do when the processes are killed."""

        async def strike() -> None:
            await asyncio.sleep(timestamp)
            async with await psycopg.AsyncConnection.connect(self.engine.pool.conninfo, autocommit=True) as killer:
                await killer.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND application_name = %s",
                    (WORKER,),
                )

        async def run() -> None:
            workers = (self.engine.advance() for _ in range(times))
            for outcome in await asyncio.gather(*workers, strike(), return_exceptions=True):
                assert outcome is None or isinstance(outcome, psycopg.OperationalError | PoolTimeout), outcome
            await self.engine.pool.drain()  # a new process has new connections

        self.do(run())

    @rule()
    def lose_the_queue_and_rescue(self) -> None:
        async def lose() -> None:
            await self.engine.query("DELETE FROM procrastinate_jobs RETURNING id")
            await self.engine.rescuer.rescue()

        self.do(lose())

    @rule(action_id=actions)
    def cancel(self, action_id: str) -> None:
        try:
            self.do(self.engine.controller.cancel(self.engine.project_id, action_id, "a-key"))
        except ConflictError:
            assert self.get(action_id)["status"] in ("DONE", "FAILED")
        else:
            assert self.get(action_id)["ended_by"] == "CANCELED"

    @rule(action_id=actions, unprocessed=st.booleans(), submission_options=OPTIONS)
    def retry(self, action_id: str, unprocessed: bool, submission_options: SubmissionOptions) -> None:
        parent: Parent = self.do(self.engine.controller.find(self.engine.project_id, action_id))
        options = self.engine.submission(
            "VOUCHERS.IMPORT", parameters=target_parameters(parent.source), parent_id=action_id
        )
        work = self.engine.controller.retry(parent, options, submission_options, None, unprocessed=unprocessed)
        try:
            child = self.get(self.do(work).action_id)
        except ConflictError:
            assert parent.ended_by is None or not parent.failed_count
            return
        assert child["parent_id"] == action_id
        assert child["total_count"] == parent.failed_count + (parent.unprocessed_count if unprocessed else 0)
        self.submitted[child["id"]] = self.do(self.rows_of(child["id"]))

    async def rows_of(self, action_id: str) -> list[tuple[str, bool]]:
        body = await self.engine.query(
            "SELECT convert_from(body, 'UTF8') AS body FROM batches WHERE action_id = %s ORDER BY first_row", action_id
        )
        rows = [row for batch in body for row in batch["body"].splitlines()]
        return [(row.split('"')[3], "gift" in row) for row in rows]

    def get(self, action_id: str) -> dict[str, Any]:
        return self.do(self.engine.get(action_id))

    @invariant()
    def every_row_is_accounted_for_and_written(self) -> None:
        self.do(self.audit())

    async def audit(self) -> None:
        created = 0
        for action_id, rows in self.submitted.items():
            action = await self.engine.get(action_id)
            open_rows = action["total_count"] - sum(
                action[name] for name in ("done_count", "failed_count", "unprocessed_count")
            )
            assert action["total_count"] == len(rows)
            assert open_rows >= 0
            assert (open_rows == 0) or action["status"] in ("ENQUEUED", "IN_PROGRESS")
            failed = await self.engine.query(
                'SELECT "row", key FROM failures WHERE action_id = %s ORDER BY "row"', action_id
            )
            assert len(failed) == action["failed_count"]
            for failure in failed:
                assert failure["key"] == rows[failure["row"] - 1][0]
            if action["ended_by"] == "COMPLETED":
                invalid = {number for number, (_, valid) in enumerate(rows, 1) if not valid}
                assert invalid <= {failure["row"] for failure in failed}
            # A row that is done made its voucher: codes that exist are refused.
            created += 0 if action["dry_run"] else action["done_count"]
        vouchers = await self.engine.query("SELECT code FROM vouchers")
        assert len(vouchers) == created
        assert {row["code"] for row in vouchers} <= {
            code for rows in self.submitted.values() for code, valid in rows if valid
        }

    def teardown(self) -> None:
        try:
            self.do(self.finish())
        finally:
            self.do(self.opened.__aexit__(None, None, None))
            self.database.__exit__(None, None, None)
            self.runner.close()

    async def finish(self) -> None:
        """What is left ends by itself."""
        await self.engine.rescuer.rescue()
        for action_id in self.submitted:
            await self.engine.finish(action_id)
        await self.audit()


def test_any_order_of_events_accounts_for_every_row(
    postgres: str, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lifecycle, "server_url", postgres)
    monkeypatch.setattr(Lifecycle, "template", template)
    case = Lifecycle.TestCase()
    case.settings = settings(
        max_examples=6,
        stateful_step_count=15,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],  # shrinking against a database takes minutes
    )
    case.runTest()
