"""Detection with an anchor-free head: what the network answers, assignment, loss, boxes and their score."""
