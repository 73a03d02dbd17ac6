"""What comes back by e-mail: bounces and complaints, from any server, in whatever form it says so."""

from mail_house.bounces.bounce import Bounce, BounceKind
from mail_house.bounces.reader import read

__all__ = ["Bounce", "BounceKind", "read"]
