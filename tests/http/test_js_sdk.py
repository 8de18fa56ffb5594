"""The official JavaScript SDK as a client with a bearer token, which it is given as a header of its own."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.http.oauth import REVOKE, bearer, send, token_of
from tests.server import Api

MODULES = Path(sys.prefix) / "js" / "node_modules"  # where `make test` installs it
CLIENT = Path(__file__).parent / "js" / "client.cjs"
POLLS, POLL_SECONDS = 200, 0.05

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not (MODULES / "@voucherify" / "sdk").exists(),
    reason="the official JavaScript SDK is not installed: `make test` does so where there is npm",
)


class SdkError(Exception):
    """What the SDK throws."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(str(error))
        self.code = error.get("code")
        self.key = error.get("key")
        self.details = str(error.get("details"))


class JsSdk:
    """One client of the SDK, in a process of Node."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._node = subprocess.Popen(
            ["node", str(CLIENT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "NODE_PATH": str(MODULES)},
        )  # fmt: skip
        self._write(options)

    def call(self, name: str, *parameters: Any) -> Any:
        """Call a method of a namespace, such as `vouchers.list`; raise SdkError where it throws."""
        self._write([name, *parameters])
        assert self._node.stdout is not None
        answer = json.loads(self._node.stdout.readline())
        if "error" in answer:
            raise SdkError(answer["error"])
        return answer.get("value")

    def ended(self, action_id: str) -> dict[str, Any]:
        """Return the action, read by the SDK until it has ended."""
        for _ in range(POLLS):
            action = self.call("asyncActions.get", action_id)
            if action["status"] in ("DONE", "FAILED"):
                return dict(action)
            time.sleep(POLL_SECONDS)
        raise AssertionError(f"{action} did not end")

    def close(self) -> None:
        self._node.communicate(timeout=60)

    def _write(self, line: Any) -> None:
        assert self._node.stdin is not None
        self._node.stdin.write(json.dumps(line) + "\n")
        self._node.stdin.flush()


@pytest.fixture
def sdk_with(api: Api) -> Iterator[Callable[..., JsSdk]]:
    """Makes clients of the SDK with these options beside the server's address."""
    clients: list[JsSdk] = []

    def make(**options: Any) -> JsSdk:
        clients.append(JsSdk({"apiUrl": api.url, **options}))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def test_a_token_serves_until_it_is_revoked(api: Api, sdk_with: Callable[..., JsSdk], tmp_path: Path) -> None:
    token = token_of(api, "vouchers customers async-actions")
    # The SDK asks for keys and sends them along; empty ones are none.
    sdk = sdk_with(applicationId="", secretKey="", customHeaders=bearer(token))
    file = tmp_path / "vouchers.csv"
    file.write_text("Code,Voucher Type,Value\nJS-1,GIFT_VOUCHER,10\nJS-2,,10\n")

    imported = sdk.ended(sdk.call("vouchers.importCSV", str(file))["async_action_id"])
    assert (imported["type"], imported["result"]["done_count"]) == ("VOUCHERS.IMPORT_CSV", 1)
    assert imported["result"]["failed"] == [{"code": "JS-2", "row": 2, "reason": "Voucher Type is required"}]

    changes = {"codes": ["JS-1"], "metadata": {"season": "fall"}}
    sdk.ended(sdk.call("vouchers.bulkUpdateMetadata", changes)["async_action_id"])
    assert sdk.call("vouchers.get", "JS-1")["metadata"] == {"season": "fall"}

    assert [voucher["code"] for voucher in sdk.call("vouchers.list", {"limit": 10})["vouchers"]] == ["JS-1"]
    assert sdk.call("customers.list")["total"] == 0
    newest = sdk.call("asyncActions.list", {"limit": 1})
    assert (len(newest["async_actions"]), newest["has_more"]) == (1, True)

    assert send(api.http, REVOKE, ("access_token", token)).status_code == 204
    for call in (("vouchers.list",), ("asyncActions.get", imported["id"]), ("vouchers.importCSV", str(file))):
        with pytest.raises(SdkError) as refused:
            sdk.call(*call)
        assert (refused.value.code, refused.value.key) == (401, "unauthorized")
        assert "token" in refused.value.details


def test_a_token_has_its_scope_alone(api: Api, sdk_with: Callable[..., JsSdk]) -> None:
    sdk = sdk_with(applicationId="", secretKey="", customHeaders=bearer(token_of(api, "customers")))
    assert sdk.call("customers.list")["total"] == 0
    with pytest.raises(SdkError) as refused:
        sdk.call("vouchers.list")
    assert (refused.value.code, refused.value.key) == (403, "forbidden")


def test_keys_and_a_token_at_once_are_refused(api: Api, sdk_with: Callable[..., JsSdk]) -> None:
    keys = {"applicationId": api.keys.app_id, "secretKey": api.keys.app_token}
    assert sdk_with(**keys).call("vouchers.list")["total"] == 0
    with pytest.raises(SdkError) as refused:
        sdk_with(**keys, customHeaders=bearer(token_of(api))).call("vouchers.list")
    assert (refused.value.code, refused.value.key) == (400, "invalid_request")
