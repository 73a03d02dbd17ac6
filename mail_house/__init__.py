"""Everything that leaves the building, and what comes back. Knows pieces of mail, not patients' accounts."""
