"""The dashboard: what the API can do, for people. Server-rendered pages that work without JavaScript for reading.

It uses the public API only, as any client could: `kit.api_client.Api` asks the application in the same process with the
keys of whoever is signed in. Nothing here knows the engine, and the only table it touches is its own, `sessions`
(docs/decisions/0016-the-dashboard-is-a-client.md). docs/dashboard.md says how a page is added.
"""
