"""Several processes of this machine that train one arm together, one a device (``DistributedDataParallel``).

The engine leads (rank 0): it alone prepares the data, asks the teacher, validates, writes and reports. For each arm
it starts the others (``following``), which open what it has prepared, take their share of every batch and average
gradients with it; they end with the arm, or at once when the leader dies.
"""
