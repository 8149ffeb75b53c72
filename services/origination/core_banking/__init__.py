"""Core banking: the system that moves the money, behind one adapter, and a simulated one for development."""
