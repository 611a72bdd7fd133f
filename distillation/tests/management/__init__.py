"""Tests of the commands around the running system."""
