"""Q.786: SCCP against a node that serves subsystems and translates."""

from simulator.conformance.loading import Kind
from simulator.conformance.sccp.octets import SCCP
from simulator.conformance.sccp.performing import SccpPerformer, check_step
from simulator.conformance.suites import Shipped

SHIPPED = Shipped(Kind(SCCP, {}, check_step), SccpPerformer)
