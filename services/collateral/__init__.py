"""The collateral service: which assets secure a case, what they are worth to a lender, and who ranks before whom."""
