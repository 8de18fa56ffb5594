"""From a body's bytes to an accepted action with its batches."""
