"""What is done to actions: cancel and retry."""
