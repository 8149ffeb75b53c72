"""The shared language of suandai: frozen value objects and the messages that cross a process boundary.

Nothing here reads a clock, a random source, a file or the network, and no field has a default that computes anything:
workflow code constructs these types, and a value that differs between first run and replay would break the history.
"""
