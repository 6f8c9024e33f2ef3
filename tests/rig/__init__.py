"""Loopback providers: they speak the real protocols, remember what they accepted, and misbehave when told."""

from tests.rig.behaviours import Effect, Rule
from tests.rig.callbacks import Plan
from tests.rig.client import ControlClient
from tests.rig.collector import Collector
from tests.rig.ledger import Accepted, Keep
from tests.rig.process import RigProcess
from tests.rig.rig import Rig

__all__ = ["Accepted", "Collector", "ControlClient", "Effect", "Keep", "Plan", "Rig", "RigProcess", "Rule"]
