"""The command line: a client of the API, for people at a terminal."""
