"""From a claimed portion to its close, in one transaction."""
