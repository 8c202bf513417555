"""The brief: the story of one day, told from a published build.

Belongs here: reading a build and turning rows into sentences and tables for people.
Does not belong here: computing numbers (the marts do), and writing the warehouse.
"""
