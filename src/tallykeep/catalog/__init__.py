"""The tables of contents: action types, row types, templates, exports."""
