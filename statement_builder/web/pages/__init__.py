"""One module per page: what it reads, what it records, and which order each of its buttons gives."""
