"""Whatever is changed in the chain of the audit log shows; the last entries with an anchor."""

import psycopg
import pytest

from tallykeep.tenants.audit.verify import NO_PROJECT
from tests.db.audit_log import add, chain, five_entries, tamper, verdict_on, verdicts_on, with_engine
from tests.db.engine import Engine

MOVED = ("audit_log", "audit_chains")
PROJECT = "INSERT INTO projects (project_id, id, name, created_at) OVERRIDING SYSTEM VALUE"


@pytest.mark.parametrize(
    ("change_to", "number", "problem"),
    [
        ("UPDATE audit_log SET key_id = 'somebody-else' WHERE number = 3", 3, "is not what was chained"),
        ('UPDATE audit_log SET details = \'{"name": "x"}\' WHERE number = 3', 3, "is not what was chained"),
        (
            "UPDATE audit_log SET created_at = created_at + interval '1 ms' WHERE number = 3",
            3,
            "is not what was chained",
        ),
        ("UPDATE audit_log SET hash = sha256('x') WHERE number = 3", 3, "is not what was chained"),
        ("UPDATE audit_log SET hash = sha256('x') WHERE number = 5", 5, "is not what was chained"),
        ("DELETE FROM audit_log WHERE number = 3", 3, "entry 3 is missing"),
        ("DELETE FROM audit_log WHERE number = 1", 1, "entry 1 is missing"),
        ("DELETE FROM audit_log WHERE number IN (2, 3)", 2, "entries 2 to 3 are missing"),
        ("DELETE FROM audit_log WHERE number = 5", 5, "entry 5 is missing at the end"),
        ("UPDATE audit_log SET number = number + 1 WHERE number = 5", 5, "entry 5 is missing"),
        (
            "INSERT INTO audit_log SELECT project_id, 6, hash, 'log_x', created_at, event, outcome, door, key_id,"
            " key_kind, token_id, session_id, address, request_id, action_id, resource_type, resource_id, details"
            " FROM audit_log WHERE number = 5",
            6,
            "is not what was chained",
        ),
        ("UPDATE audit_chains SET hash = sha256('x')", 5, "the chain's last hash is not that of entry 5"),
        ("UPDATE audit_chains SET number = 6", 6, "entry 6 is missing at the end"),
        ("UPDATE audit_chains SET number = 4", 5, "entries from 5 on are not of the chain"),
        ("UPDATE audit_chains SET removed_number = 1", 1, "was removed by retention, and is here again"),
        ("UPDATE audit_log SET format = 2 WHERE number = 4", 4, "has the format 2, which is not known here"),
        ("DELETE FROM audit_chains", 1, "entries from 1 on are not of the chain, which ends at 0"),
    ],
)
def test_whatever_is_done_to_the_chain_shows(
    database_url: str, change_to: str, number: int | None, problem: str
) -> None:
    five_entries(database_url)
    tamper(database_url, change_to)
    verdict = verdict_on(database_url)
    assert (verdict.number, problem in (verdict.problem or "")) == (number, True), verdict


@pytest.mark.parametrize(
    ("before", "number", "problem"),
    [
        ("SELECT 1 WHERE %s > 0", 99, "of the project number 99, which does not exist"),
        (f"{PROJECT} SELECT %s, '', 'x', now()", 99, "of the project number 99, which does not exist"),
        (f"{PROJECT} SELECT %s, 'proj_x', 'x', now()", 99, "entry 1 is not what was chained"),
        ("SELECT 1 WHERE %s > 0", None, "entry 1 is not what was chained"),
    ],
)  # fmt: skip
def test_what_is_moved_out_of_the_installations_chain_shows(
    database_url: str, before: str, number: int | None, problem: str
) -> None:
    """Attempts of nobody, which somebody puts out of sight under a number of no project, or of their own."""
    moved_to = number

    async def scenario(engine: Engine) -> None:
        nonlocal moved_to
        await add(engine, 3, project_id=0)
        await chain(engine)
        moved_to = moved_to or engine.project_id

    with_engine(database_url, scenario)
    verdict = verdict_on(database_url)
    assert (verdict.project, verdict.last, verdict.problem) == ("", 3, None)
    assert verdicts_on(database_url, NO_PROJECT, verdict.anchor)[0].problem is None
    with psycopg.connect(database_url) as connection:
        connection.execute(before, [moved_to])  # type: ignore[call-overload]
        for table in MOVED:
            connection.execute(f"DELETE FROM {table} WHERE project_id = %s", [moved_to])  # type: ignore[arg-type]
            connection.execute(f"UPDATE {table} SET project_id = %s WHERE project_id = 0", [moved_to])  # type: ignore[arg-type]
    broken = [each for each in verdicts_on(database_url) if each.problem]
    assert [problem in (each.problem or "") for each in broken] == [True], broken
    (gone,) = verdicts_on(database_url, NO_PROJECT, verdict.anchor)
    assert "entries up to the anchor, 3, are missing" in (gone.problem or "")


def test_no_projects_entries_pass_for_the_installations(database_url: str) -> None:
    five_entries(database_url)
    with psycopg.connect(database_url) as connection:
        for table in MOVED:
            connection.execute(f"UPDATE {table} SET project_id = 0")  # type: ignore[arg-type]
    verdict = verdict_on(database_url)
    assert (verdict.project, "entry 1 is not what was chained" in (verdict.problem or "")) == ("", True)


def test_whoever_hashes_everything_anew_is_caught_by_the_anchor(database_url: str) -> None:
    """An owner who removes the last entries with the chain's end, or chains them anew, leaves no trace inside."""
    anchor = five_entries(database_url)
    assert verdict_on(database_url, anchor).problem is None
    assert verdict_on(database_url, anchor.partition(":")[2]).problem is None
    tamper(database_url, "DELETE FROM audit_log WHERE number = 5")
    tamper(
        database_url,
        "UPDATE audit_chains SET number = 4, hash = (SELECT hash FROM audit_log WHERE audit_log.number = 4)",
    )
    assert verdict_on(database_url).problem is None
    shortened = verdict_on(database_url, anchor)
    assert (shortened.number, "the chain ends at 4" in (shortened.problem or "")) == (5, True)
    assert "no entry has the anchor's hash" in (verdict_on(database_url, anchor.partition(":")[2]).problem or "")

    async def another(engine: Engine) -> None:
        project_id = (await engine.query("SELECT project_id FROM audit_chains"))[0]["project_id"]
        await add(engine, project_id=project_id, resource_id="another")
        await chain(engine)

    with_engine(database_url, another)
    assert verdict_on(database_url).problem is None
    replaced = verdict_on(database_url, anchor)
    assert (replaced.number, "another hash than the anchor" in (replaced.problem or "")) == (5, True)


def test_an_anchor_holds_as_the_chain_grows(database_url: str) -> None:
    anchor = five_entries(database_url)

    async def more(engine: Engine) -> None:
        project_id = (await engine.query("SELECT project_id FROM audit_chains"))[0]["project_id"]
        await add(engine, 3, project_id=project_id)
        await chain(engine)

    with_engine(database_url, more)
    assert (verdict_on(database_url, anchor).problem, verdict_on(database_url).last) == (None, 8)


def as_owner(database_url: str, sql: str) -> None:
    """Do it as a role that owns the tables and is no superuser."""
    with psycopg.connect(database_url) as connection:
        connection.execute("SET ROLE audit_owner")
        connection.execute(sql)  # type: ignore[call-overload]


def test_an_owner_cannot_change_or_delete_entries_by_mistake(database_url: str) -> None:
    five_entries(database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS audit_owner")
        connection.execute("CREATE ROLE audit_owner")
        connection.execute("ALTER TABLE audit_log OWNER TO audit_owner")
    try:
        for sql in ("UPDATE audit_log SET key_id = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                as_owner(database_url, sql)
        as_owner(database_url, "SELECT FROM audit_log")
    finally:
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("REASSIGN OWNED BY audit_owner TO CURRENT_USER")
            connection.execute("DROP ROLE audit_owner")
