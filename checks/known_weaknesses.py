"""Asks the OSV database, with pip-audit, about the locked packages; says so where it cannot be reached.

It is asked for each lock file once a day: the answer is noted in .venv.
"""

import hashlib
import json
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.lock"
_NOTED = ROOT / ".venv" / ".weaknesses"
_DATABASE = ("api.osv.dev", 443)
_REACH_SECONDS = 3.0
_MAX_SECONDS = 120
_DAY_SECONDS = 86_400
# Known, and why they do no harm here: by id.
_ACCEPTED: dict[str, str] = {}


def main() -> int:
    """Print what is known; return 1 where a locked package has a weakness that is not accepted."""
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if _is_noted(digest):
        print("weaknesses: none known, as of the last day")
        return 0
    if reason := _unreachable():
        print(f"weaknesses: NOT asked for, the database cannot be reached ({reason})")
        return 0
    return _ask(digest)


def _is_noted(digest: str) -> bool:
    is_new = _NOTED.exists() and time.time() - _NOTED.stat().st_mtime < _DAY_SECONDS
    return is_new and _NOTED.read_text() == digest


def _unreachable() -> str | None:
    try:
        socket.create_connection(_DATABASE, _REACH_SECONDS).close()
    except OSError as error:
        return str(error)
    return None


def _ask(digest: str) -> int:
    command = [
        sys.executable, "-m", "pip_audit", "--requirement", str(LOCK), "--disable-pip", "--require-hashes",
        "--vulnerability-service", "osv", "--format", "json", "--progress-spinner", "off", "--timeout", "10",
        *(word for accepted in _ACCEPTED for word in ("--ignore-vuln", accepted)),
    ]  # fmt: skip
    try:
        audit = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_MAX_SECONDS)
        weak = [each for each in json.loads(audit.stdout)["dependencies"] if each.get("vulns")]
    except (subprocess.TimeoutExpired, ValueError) as error:
        said = audit.stderr.strip().rpartition("\n")[2] if isinstance(error, ValueError) else str(error)
        print(f"weaknesses: NOT known, the database gave no answer ({said})")
        return 0
    for package in weak:
        print(f"{package['name']} {package['version']}: {', '.join(each['id'] for each in package['vulns'])}")
    print(f"weaknesses: {len(weak)} packages with some")
    if not weak:
        _NOTED.write_text(digest)
    return 1 if weak else 0


if __name__ == "__main__":
    sys.exit(main())
