"""A client that is generated from /openapi.json: it imports a file, and reads what came of it."""

import importlib
import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests.server import Api

PACKAGE = "generated_client"
FILE = b"Code,Voucher Type,Value\nA,GIFT_VOUCHER,5\nB,GIFT_VOUCHER,much\n"


@pytest.fixture
def package(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The package, made as its users would make it, where it can be imported from."""
    document = tmp_path / "openapi.json"
    document.write_bytes(api.http.get("/openapi.json").content)
    tools = Path(sys.executable).parent
    command = [tools / "openapi-python-client", "generate", "--path", document, "--meta", "none"]
    made = subprocess.run(
        [*command, "--output-path", tmp_path / PACKAGE], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"},
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    assert "will not be generated" not in made.stdout + made.stderr
    monkeypatch.syspath_prepend(tmp_path)
    return PACKAGE


def _of(package: str, module: str) -> Any:
    return importlib.import_module(f"{package}.{module}")


def test_a_generated_client_imports_a_file_and_reads_the_action(api: Api, package: str) -> None:
    headers = {"X-App-Token": api.keys.app_token}
    client = _of(package, "client").AuthenticatedClient(
        base_url=api.url, token=api.keys.app_id, prefix="", auth_header_name="X-App-Id", headers=headers
    )
    file = _of(package, "types").File(payload=BytesIO(FILE), file_name="vouchers.csv", mime_type="text/csv")
    body = _of(package, "models").VouchersImportCsvFilesBody(file=file)
    accepted = _of(package, "api.submissions.vouchers_import_csv").sync(client=client, body=body)

    api.ended(accepted.async_action_id)
    read = _of(package, "api.async_actions.get_action_v1_async_actions_action_id_get")
    action = read.sync(accepted.async_action_id, client=client)
    assert (action.type_, action.status.value, action.total_count) == ("VOUCHERS.IMPORT_CSV", "DONE", 2)
    assert (action.done_count, action.failed_count, action.file_name) == (1, 1, "vouchers.csv")
    (failure,) = action.result.failed
    assert (failure.code, failure.row) == ("B", 2)
    assert "must be a number" in failure.reason

    unknown = read.sync("aa_unknown", client=client)
    assert (unknown.code, unknown.key) == (404, "not_found")
