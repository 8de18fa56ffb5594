"""HTTP itself within bounds: heads, connections, the pace of bodies."""
