"""The durable log: what a process has said and must not forget.

`entries` has the closed union of what is written, `Journal` the contract; the file behind it is
framed, checksummed, versioned and fsynced in groups.
"""
