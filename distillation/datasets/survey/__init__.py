"""What a data set holds, found out once by a process of its own: a report, and an index of samples to look at.

``python -m distillation.datasets.survey <folder of orders>`` does it; web requests only read what it left.
"""
