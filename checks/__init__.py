"""Part of `make check`: secrets in the tree, and known weaknesses of what it depends on."""
