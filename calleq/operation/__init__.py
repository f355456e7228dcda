"""The operator's place beside a running network: what it shows, and what may be ordered there."""
