"""A few held-out pictures with what the student says of them, so that people see what the figures mean."""
