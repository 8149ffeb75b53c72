"""Routes of the pricing service, one file a resource."""
