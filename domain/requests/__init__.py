"""What an assessment step asks of a service, derived from the dossier: pure mappings, the same in process, dry run and audit."""
