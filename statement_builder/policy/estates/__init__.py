"""Estates of guarantors who have died: whom to write to, by when a claim must be presented, and what it may ask for."""
