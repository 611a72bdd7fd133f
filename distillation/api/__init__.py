"""The REST API: permission, one call, serialize. The rules are in services, jobs and selectors."""
