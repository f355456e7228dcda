"""The ISDN user part (Q.761 to Q.764): messages, their octets and the calls on circuits."""
