"""One client attacks a running server while a bystander looks how it fares: `make attack`."""
