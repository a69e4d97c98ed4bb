"""Charts as SVG: pure functions from data to markup.

Every value stands in the markup as a text or a title, every chart has a name for those who do not
see it. Colours are classes of the style sheet: `s0` … for personas, `r0` … for rungs of the ladder.
"""
