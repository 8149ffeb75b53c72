"""The service's resources, one file each."""
