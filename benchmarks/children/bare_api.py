"""The floor of the API: the same framework and server with a handler that does one statement and nothing else."""

import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import uvicorn
from fastapi import FastAPI, Request, Response

from tallykeep.db.connections.pool import make_pool
from tallykeep.db.queries import queries

_sql = queries(__package__, "bare_api.sql")
_POOL_SIZE = 10  # as many as the product's API has


def _application(database_url: str) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with make_pool(database_url, size=_POOL_SIZE, name="bare api") as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/actions/{action_id}")
    async def get(action_id: str) -> Response:
        async with app.state.pool.connection() as connection:
            cursor = await connection.execute(_sql.get_action, {"project_id": 1, "id": action_id})
            return Response(orjson.dumps(await cursor.fetchone()), media_type="application/json")

    @app.post("/bodies")
    async def post(request: Request) -> Response:
        body = await request.body()
        async with app.state.pool.connection() as connection:
            await connection.execute(_sql.add_body, {"project_id": 1, "body": body})
        return Response(b'{"accepted":true}', status_code=202, media_type="application/json")

    return app


def main() -> None:
    """Serve on a free port, say which."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        config = uvicorn.Config(_application(sys.argv[1]), access_log=False, log_config=None, server_header=False)
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
