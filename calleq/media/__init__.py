"""Voice: 8 kHz G.711 on every wire, mixed, announced, recognised and recorded."""
