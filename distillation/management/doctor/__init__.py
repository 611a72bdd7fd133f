"""What ``manage.py doctor`` checks, a subject a module. Every check answers with findings and never raises."""
