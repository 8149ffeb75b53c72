"""Sources outside of the bank: business registry, invoice verification, courts, credit bureau."""
