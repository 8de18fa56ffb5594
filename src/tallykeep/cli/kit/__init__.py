"""What all commands are built from."""
