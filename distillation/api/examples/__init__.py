"""Examples for the documentation; tests send the requests and hold the answers against the schema."""
