"""The scripts that are delivered beside a model, one for each type of task: programs of their own, never imported."""
