"""Dependencies of routes: the caller, and the caller's share of the process."""
