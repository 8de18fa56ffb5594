"""`python -m tallykeep` is the `tallykeep` command."""

from tallykeep.command import main

main()
