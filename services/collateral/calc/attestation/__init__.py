"""Whether what a site states is what was pledged (domain paper §§6.2, 7: R1-R3, R11)."""
