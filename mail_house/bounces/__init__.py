"""What comes back by e-mail: bounces and complaints, from any server, in whatever form it says so."""

from mail_house.bounces.bounce import Accepted, Bounce, BounceKind
from mail_house.bounces.reader import read
from mail_house.bounces.ses import read_accepted

__all__ = ["Accepted", "Bounce", "BounceKind", "read", "read_accepted"]
