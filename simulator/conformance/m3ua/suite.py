"""TS 102 381: M3UA against a process or a gateway."""

from simulator.conformance.loading import Kind
from simulator.conformance.m3ua.octets import M3UA
from simulator.conformance.m3ua.performing import M3uaPerformer, check_step
from simulator.conformance.suites import Shipped

SHIPPED = Shipped(Kind(M3UA, {}, check_step), M3uaPerformer)
