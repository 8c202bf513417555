"""One declaration per raw table: what a row is, what it must satisfy, when it was known.

Belongs here: columns, types, units, grain, availability, plausibility bounds, source priority, and
the pure functions that apply them to a frame.
Does not belong here: reading bytes (`sources`), storage (`warehouse`), Dagster.
"""
