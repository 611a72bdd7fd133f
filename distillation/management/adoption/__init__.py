"""Taking over the four tables of an existing MySQL installation without losing a row.

The originals are only set aside under other names; the tables of this version are made beside them and filled in one
transaction. Until that has happened, and afterwards too, every original row is where it was: whatever fails,
the way to repeat is to build anew from the originals.
"""
