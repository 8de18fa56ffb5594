"""What requests leave in the audit log: which event each route is, who attempts it, and what was refused."""
