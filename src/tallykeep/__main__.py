"""`python -m tallykeep` is the `tallykeep` command."""

from tallykeep.app import main

main()
