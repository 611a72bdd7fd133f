"""Plain data that every process agrees on: run spec, events, exit codes and the catalogue.

Knows neither Django nor torch, so that web, worker and engine can all import it.
"""
