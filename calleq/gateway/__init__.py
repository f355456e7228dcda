"""The gateway: where lines and trunks of the network meet SIP, on sockets of its own."""
