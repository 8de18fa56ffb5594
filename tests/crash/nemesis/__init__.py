"""A nemesis: a mixed load from several clients while everything is killed; then every row is looked for.

ledger.py   what each client asked for, and what it was told
load.py     the clients
relay.py    what loses answers on their way to the clients
faults.py   what is done to the server
clocks.py   what its clocks are set by
audit.py    the ledger held against the API and the database
events.py   the actions held against what their webhooks were sent
order.py    whether what several clients wrote is what some order of theirs leaves behind
run.py      one run, and its figures
"""
