"""What is done to actions: cancel, retry, remove by age."""
