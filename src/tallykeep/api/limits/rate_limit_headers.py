"""Rate limits in answers: what counting a request has noted of them goes with its answer, an error's too."""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tallykeep.api.limits.rate_limits import RATE_HEADERS


class RateLimitHeaders:
    """Adds the headers; it is there only where requests are limited."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve a request; here and in `send_with_limits` no coroutine is made, for every request passes both."""

        def send_with_limits(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start" and (added := scope.get("state", {}).get(RATE_HEADERS)):
                message["headers"] = [*message["headers"], *added]
            return send(message)

        return self._app(scope, receive, send_with_limits)
