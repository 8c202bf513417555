"""The dashboard: one self-contained page for a day, and the charts in it, from a published build.

Belongs here: queries, cards, tables and the page around the charts.
Does not belong here: computing figures (the marts do), words that the brief has (`brief`), drawing (`charts`).

Nothing on the page was known after its day, except behind "What happened next" and where it speaks of the build.
"""
