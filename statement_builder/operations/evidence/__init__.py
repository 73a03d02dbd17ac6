"""Evidence packets for auditors and courts: requested by one person, approved by a named officer, then written."""
