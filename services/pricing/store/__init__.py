"""All SQL of the pricing service."""
