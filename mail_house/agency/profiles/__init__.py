"""The formats of agency files, as data: which columns, in which order, and how each value is written."""
