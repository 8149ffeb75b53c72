"""The credit processes as durable workflows, the human-task machinery they share, their activities and the worker."""
