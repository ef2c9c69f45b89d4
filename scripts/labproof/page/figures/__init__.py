"""Every figure of the report, each with the table of what it shows.

A drawing function returns the figure and its table; `style.save` writes both.
"""
