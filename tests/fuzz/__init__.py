"""schemathesis over the OpenAPI document, with all of its checks, as everybody who may ask.

callers.py    who asks, and what they may
served.py     a server of its own, with a project for each of them
accepted.py   what a check calls a failure and is none, and why
run.py        one run as one caller
"""
