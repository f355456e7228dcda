"""A browser as a telephone: its page and signalling, WebRTC towards it, SIP towards its switch."""
