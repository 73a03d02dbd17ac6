"""A year of a hospital's mail, day by day, and an independent judge of every piece that leaves.

`python -m tests.simulation` runs it at any size; `make simulate` is the short form. `docs/explain/simulation.md` says
how to read it.
"""
