"""What both packages know of encryption: connections that must be encrypted, and OpenPGP. No business words."""
