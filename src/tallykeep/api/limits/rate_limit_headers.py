"""Rate limits in answers: what counting a request has noted of them goes with its answer, an error's too."""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tallykeep.api.limits.rate_limits import RATE_HEADERS


class RateLimitHeaders:
    """Adds the headers; it is there only where requests are limited."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        def send_with_limits(message: Message) -> Awaitable[None]:  # no coroutine of its own, for each answer
            if message["type"] == "http.response.start" and (added := scope.get("state", {}).get(RATE_HEADERS)):
                message["headers"] = [*message["headers"], *added]
            return send(message)

        await self._app(scope, receive, send_with_limits)
