"""`tallykeep db` and `tallykeep keys recover`: what is done on the server's machine."""

import json
import re
from pathlib import Path

import httpx

from tallykeep.db.migrate import newest_revision
from tests.cli.running import in_terminal, run
from tests.postgres import fresh_database
from tests.server import Server


def test_the_schema_is_looked_at_and_brought_up_to_date(postgres: str) -> None:
    with fresh_database(postgres) as url:
        behind = run(None, "db", "status", TALLYKEEP_DATABASE_URL=url)
        assert (behind.returncode, "tallykeep db migrate" in behind.stdout) == (1, True)
        assert "it was at nothing" in run(None, "db", "migrate", TALLYKEEP_DATABASE_URL=url).stdout
        assert "it was there already" in run(None, "db", "migrate", TALLYKEEP_DATABASE_URL=url).stdout
        current = run(None, "db", "status", "--json", TALLYKEEP_DATABASE_URL=url)
        status = json.loads(current.stdout)
        assert (current.returncode, status["revision"], status["up_to_date"]) == (0, newest_revision(), True)


def test_no_database_is_said_with_what_to_do_and_no_password(tmp_path: Path) -> None:
    none = run(None, "db", "status", "--data-dir", str(tmp_path))
    assert (none.returncode, "tallykeep serve" in none.stderr) == (1, True)
    for url in ("postgresql://me:secret@127.0.0.1:9/x", "postgresql://me:secret@127.0.0.1:port/x"):
        wrong = run(None, "db", "status", TALLYKEEP_DATABASE_URL=url)
        assert (wrong.returncode, "TALLYKEEP_DATABASE_URL" in wrong.stderr) == (1, True)
        assert "secret" not in wrong.stdout + wrong.stderr


def test_the_embedded_database_has_a_prompt_and_lost_keys_are_replaced(session_dir: Path, cluster: Path) -> None:
    server = Server(session_dir / "shell", cluster=cluster).start()
    directory = str(session_dir / "shell" / "data")
    try:
        assert "up to date" in run(None, "db", "status", "--data-dir", directory).stdout
        with in_terminal(None, "db", "shell", "--data-dir", directory, PAGER="cat") as terminal:
            terminal.until(lambda text: text.endswith("postgres=#"))
            terminal.type("SELECT 'projects: ' || count(*) FROM projects;\n\\q\n")
            assert terminal.wait() == 0
            assert "projects: 1" in terminal.text
        recovered = run(None, "keys", "recover", "--data-dir", directory)
        keys = dict(re.findall(r"X-App-(Id|Token) +(\S+)", recovered.stdout))
        headers = {"X-App-Id": keys["Id"], "X-App-Token": keys["Token"]}
        assert httpx.get(f"{server.url}/v1/keys", headers=headers, trust_env=False).json()["total"] == 4
    finally:
        server.stop()
    for words, code in ((("db", "status"), 1), (("keys", "recover"), 1), (("audit", "verify"), 4)):
        stopped = run(None, *words, "--data-dir", directory)
        said = f"is stopped, and its data are there. Start it with `tallykeep serve --data-dir {directory}`"
        assert (stopped.returncode, said in stopped.stderr) == (code, True), stopped.stderr
        assert "No database" not in stopped.stderr
