"""`python -m tallykeep` is the `tallykeep` command."""

from tallykeep.server.entry import main

main()
