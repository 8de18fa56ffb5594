"""A browser without JavaScript: keeps cookies, sends forms with what browsers say of where they come from."""

import re
from html import unescape

import httpx

from tallykeep.tenants.projects import Keys
from tests.server import NO_TLS


class Browser:
    """A client of the dashboard."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, timeout=60, trust_env=False, verify=NO_TLS, follow_redirects=True)

    def sign_in(self, keys: Keys, **fields: str) -> httpx.Response:
        return self.post("/sign-in", {"app_id": keys.app_id, "app_token": keys.app_token, **fields})

    def get(self, path: str, **query: str) -> httpx.Response:
        return self.http.get(path, params=query or None)

    def post(self, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        """Send a form as a page of ours would, without its token."""
        own = {"Origin": self.url, "Sec-Fetch-Site": "same-origin"}
        return self.http.post(path, data=fields, headers=own | headers)

    def send(self, page: httpx.Response, action: str, **fields: str) -> httpx.Response:
        """Send the page's form for `action`, with its hidden fields and these."""
        form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page.text, re.DOTALL)
        assert form, f"no form for {action} in {page.text}"
        return self.post(unescape(action), {**_hidden(form.group()), **fields})


def _hidden(form: str) -> dict[str, str]:
    inputs = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form)
    return {unescape(name): unescape(value) for name, value in inputs}
