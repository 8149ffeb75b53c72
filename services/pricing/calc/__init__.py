"""Pure decision code: inputs, policy, reference data and a business date in; a conclusion with its trace out."""
