"""A nemesis: a mixed load from several clients while everything is killed; then every row is looked for.

ledger.py   what each client asked for, and what it was told
load.py     the clients
faults.py   what is done to the server
audit.py    the ledger held against the API and the database
run.py      one run, and its figures
"""
