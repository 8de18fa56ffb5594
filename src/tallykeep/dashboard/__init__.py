"""The dashboard: everything the API can do, for people. Pages are rendered on the server, readable without JavaScript.

It uses the public API only, as any client could: `kit.api_client.Api` calls the application in the same process, with
the keys of the person signed in. Nothing here knows the engine, and the only table it touches is its own, `sessions`
(docs/decisions/0016-the-dashboard-is-a-client.md). docs/dashboard.md says how to add a page.
"""
