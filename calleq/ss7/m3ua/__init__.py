"""MTP3 user adaptation over a byte stream or SCTP: towards foreign signalling nodes (RFC 4666)."""
