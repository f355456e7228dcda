"""What M3UA says of destinations, and level 3: the two told to each other.

A node hears from its gateway which destinations are unavailable, restricted, congested or without a
user part (DUNA, DRST, SCON, DUPU, DAVA); for its routes that is what TFP, TFR, TFC, UPU and TFA are
from a transfer point. A node that is a gateway answers audits from its own routes, and tells the
processes it serves of every change (RFC 4666 §4.5).

Odd case: a point code with a mask stands for many; only those to which the node has a way are
looked at.
"""

from functools import partial

from calleq.ss7.m3ua import messages as m
from calleq.ss7.m3ua.ends import AdaptedEnd
from calleq.ss7.m3ua.gateway import Destination, Gateway
from calleq.ss7.mtp3 import Congested, Status, UserPartUnavailable
from calleq.ss7.node import Mtp3Node


def tell_each_other(node: Mtp3Node, end: AdaptedEnd, adjacent: int) -> None:
    """Join a node and an end over M3UA that leads to the point code `adjacent`."""
    end.on_destination(partial(_heard, node, adjacent))
    gateway = end.gateway
    if gateway is not None:
        gateway.status = partial(_status, node)
        gateway.destinations = node.destinations
        node.on_status(partial(_changed, gateway))
        node.on_indication(partial(_indicated, gateway))


def _heard(node: Mtp3Node, adjacent: int, message: m.DestinationMessage) -> None:
    routes = node.management.routes
    for destination in node.destinations(message.affected):
        match message:
            case m.Duna():
                routes.prohibited(adjacent, destination)
            case m.Dava():
                routes.allowed(adjacent, destination)
            case m.Drst():
                routes.restricted(adjacent, destination)
            case m.Scon(level=level):
                node.indicate(Congested(destination, 1 if level is None else level))
            case m.Dupu(cause=cause, user=user):
                node.indicate(UserPartUnavailable(destination, user, cause))
            case _:
                pass  # an audit comes from processes, not from gateways


def _status(node: Mtp3Node, code: int) -> Destination:
    if code == node.point_code:
        return Destination.AVAILABLE
    if not node.knows(code):
        return Destination.UNKNOWN
    return Destination.AVAILABLE if node.accessible(code) else Destination.UNAVAILABLE


def _changed(gateway: Gateway, code: int, accessible: bool) -> None:
    affected = (m.Affected(code),)
    gateway.tell(m.Dava(affected) if accessible else m.Duna(affected))


def _indicated(gateway: Gateway, status: Status) -> None:
    match status:
        case Congested(destination, level):
            gateway.tell(m.Scon((m.Affected(destination),), level=level))
        case UserPartUnavailable(destination, service, cause):
            gateway.tell(m.Dupu((m.Affected(destination),), cause, service))
