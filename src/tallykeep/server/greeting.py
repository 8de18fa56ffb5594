"""The greeting of `tallykeep serve`: its address, and the keys of a new project."""

from tallykeep.core.addresses import is_closed
from tallykeep.core.settings import Settings
from tallykeep.tenants.projects import Keys

_FIRST_START = "This first start made the project Default. Its keys are shown this once:"


def shown_keys(keys: Keys, settings: Settings, *, heading: str = _FIRST_START) -> str:
    """Return a new project's keys for a person to note down; a token that the environment gave is not repeated."""
    app_token = "as given in TALLYKEEP_APP_TOKEN" if settings.app_token else keys.app_token
    management_token = "as given in TALLYKEEP_MANAGEMENT_TOKEN" if settings.management_token else keys.management_token
    return (
        f"{heading}\n"
        f"  project id         {keys.project}\n"
        f"  X-App-Id           {keys.app_id}\n"
        f"  X-App-Token        {app_token}\n"
        f"  X-Management-Id    {keys.management_id}\n"
        f"  X-Management-Token {management_token}\n\n"
    )


def welcome(url: str, keys: Keys | None, settings: Settings) -> str:
    """Return what is said once the server is ready: its address, and for new `keys` how to begin with them.

    What clients are told to open is at the public URL, where one is set, and none of the closed paths.
    """
    public = (settings.public_url or url).rstrip("/")
    lines = [f"Tallykeep serves on {url}{_pages(public, url, settings)}. Stop with Ctrl-C."]
    if keys:
        token = "$TALLYKEEP_APP_TOKEN" if settings.app_token else keys.app_token
        lines += [
            "",
            "Import your first vouchers:",
            f"  printf 'Code,Voucher Type,Discount Type,Value\\nHELLO-1,DISCOUNT_VOUCHER,PERCENT,10\\n' |"
            f" curl -sS {public}/v1/vouchers/importCSV \\",
            f'    -H "X-App-Id: {keys.app_id}" -H "X-App-Token: {token}" -F file=@-',
        ]
        if not settings.app_token:
            lines += [
                "",
                "For the command line, in another terminal:",
                f"  export TALLYKEEP_URL={public} TALLYKEEP_APP_ID={keys.app_id} TALLYKEEP_APP_TOKEN={token}",
            ]
    elif settings.database_url is None:
        lines.append(f"Data directory: {settings.data_dir}")
    return "\n".join(lines) + "\n"


def _pages(public: str, url: str, settings: Settings) -> str:
    """Return what people may open, in parentheses; empty where that is nothing."""
    closed = settings.closed_paths or ()
    pages = [f"clients reach it at {public}"] if public != url else []
    if not is_closed("/sign-in", closed) and not is_closed("/tasks", closed):
        pages.append(f"dashboard: {public}/")
    if not is_closed("/docs", closed) and not is_closed("/openapi.json", closed):
        pages.append(f"API docs: {public}/docs")
    return f" ({', '.join(pages)})" if pages else ""
