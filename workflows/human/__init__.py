"""Human tasks inside a workflow: the board that holds them and the desk at which a process asks and waits."""
