"""The commands, one noun or verb a file."""
