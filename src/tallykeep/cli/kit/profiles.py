"""Profiles: servers and keys by name, in a file that nobody else may read.

[default]
url = "http://127.0.0.1:8000"
app_id = "…"
app_token = "…"
"""

import json
import os
import secrets
import stat
import tomllib
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from tallykeep.cli.kit.exits import UsageError

DEFAULT_PROFILE = "default"
_SETTINGS = ("url", "app_id", "app_token")


@dataclass(frozen=True, slots=True)
class Profile:
    """One server and one project's keys; what is not known is None."""

    url: str | None = None
    app_id: str | None = None
    app_token: str | None = field(default=None, repr=False)


def profiles_file() -> Path:
    """Return where the profiles are."""
    return user_config_path("tallykeep") / "profiles.toml"


def load_profiles() -> dict[str, Profile]:
    """Return the profiles by name; raises UsageError for a file that cannot be read, or that others may read."""
    file = profiles_file()
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
        content = tomllib.loads(file.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(f"The profiles cannot be read: {file}: {error}") from None
    if mode & 0o077:
        raise UsageError(
            f"{file} holds tokens, but others may read it (mode {mode:03o}); make it private: chmod 600 '{file}'"
        )
    return {name: _read(file, name, entry) for name, entry in content.items()}


def _read(file: Path, name: str, entry: Any) -> Profile:
    known = isinstance(entry, dict) and all(key in _SETTINGS and isinstance(text, str) for key, text in entry.items())
    if not known:
        raise UsageError(f"{file}: [{name}] should hold texts named {', '.join(_SETTINGS)}")
    return Profile(**entry)


def require_profile(name: str) -> Profile:
    """Return the profile of this name; raises UsageError where there is none, naming the others."""
    profiles = load_profiles()
    if name not in profiles:
        there = f"there are {', '.join(profiles)}" if profiles else "there are none yet"
        raise UsageError(f"There is no profile {name!r}; {there}. Make it: tallykeep profiles save {name}")
    return profiles[name]


def write_profiles(profiles: dict[str, Profile]) -> Path:
    """Replace the file atomically, never readable by others, and return its path."""
    file = profiles_file()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    text = "\n".join(_section(name, profile) for name, profile in profiles.items())
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(text)
        beside.replace(file)
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()
    return file


def _section(name: str, profile: Profile) -> str:
    settings = {key: getattr(profile, key) for key in _SETTINGS}
    # JSON's texts are TOML's too.
    lines = [f"{key} = {json.dumps(text)}\n" for key, text in settings.items() if text is not None]
    return f"[{json.dumps(name)}]\n{''.join(lines)}"
