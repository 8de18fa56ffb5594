"""What a submission says of a file's columns and cells."""
