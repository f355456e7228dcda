"""M3UA under test: an application server process or a gateway, and the tester's own RFC 4666."""
