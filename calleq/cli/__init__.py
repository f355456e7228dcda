"""The command line of the network and the business: `calleq`."""
