"""From a claimed batch to its close, in one transaction."""
