"""Schemas of bodies and answers, a module for each noun: for the OpenAPI document alone.

Nothing is checked against these types while requests are served; a test holds the server's real answers to them.
"""
