"""Resources found by a key of the client's (source_id), updated where it exists and created where not.

`spec` says what such a resource is, `row_readers` makes changes of rows, `operation` applies a batch of them.
"""
