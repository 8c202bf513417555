"""Assets: extract, transform, publish. Thin: a body calls one function of `steps` and reports.

Belongs here: keys, descriptions, groups, kinds, owners, metadata, and events for Dagster.
Does not belong here: logic of any kind.
"""
