"""What programs that nobody here wrote say of the network's octets."""
