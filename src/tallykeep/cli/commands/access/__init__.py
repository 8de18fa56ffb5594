"""The commands on who may do what, and who did it: projects, their keys, and the audit log."""
