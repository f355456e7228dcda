"""SIP and SDP without input and output: octets and the time go in, messages and octets come out.

`message` and `framer` read and write, `checks` refuses, `transactions` repeat and match, `dialog`
and its neighbours keep the state of a call, `sdp` and `negotiation` agree on the voice, `digest`
authenticates, and `interworking` has the tables between SIP, ISUP and Q.850.
"""
