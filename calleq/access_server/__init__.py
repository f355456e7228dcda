"""Internet access server 72: the public API over HTTP, before a door (`calleq.door`)."""
