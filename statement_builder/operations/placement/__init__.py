"""Placement with collection agencies: propose, decide, send, collect, and what is where."""
