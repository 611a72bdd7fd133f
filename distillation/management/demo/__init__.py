"""What ``manage.py demo`` does, a step a module. It speaks to the platform over REST, as any client would."""
