"""The floor of the queue: a procrastinate worker with one task that does nothing."""

from procrastinate import App, PsycopgConnector

QUEUE = "bench"
TASK = "nothing"


async def work(database_url: str) -> None:
    """Say that it is ready, work until told to stop."""
    app = App(connector=PsycopgConnector(conninfo=database_url))

    @app.task(name=TASK, queue=QUEUE)
    async def nothing() -> None:
        pass

    async with app.open_async():
        print("ready", flush=True)
        await app.run_worker_async(queues=[QUEUE], listen_notify=True, install_signal_handlers=True)
