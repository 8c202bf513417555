"""Charts: pure functions of rows that give a Vega-Lite specification and the words around it.

Belongs here: one module for each chart, the theme they share, drawing them as PNG and SVG.
Does not belong here: reading data (`dashboard`), computing figures (the marts do), Dagster and DuckDB.

A chart's title says what it found in the rows it was given; without rows it says what is missing and has no
specification. Colours are names of CSS variables, so that a page follows its reader's theme without drawing again;
`render` puts the values of a theme in their place.
"""
