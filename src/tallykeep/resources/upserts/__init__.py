"""Resources found by a key of the client's (source_id), updated where it exists and created where not.

`declare` says what such a resource is, `reading` turns rows into changes, `writing` applies a batch of them.
"""
