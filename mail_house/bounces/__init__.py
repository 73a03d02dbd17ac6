"""Bounces and complaints received by e-mail, from any mail server and in any format."""

from mail_house.bounces.bounce import Accepted, Bounce, BounceKind
from mail_house.bounces.reader import read
from mail_house.bounces.ses import read_accepted

__all__ = ["Accepted", "Bounce", "BounceKind", "read", "read_accepted"]
