"""The pricing service: ratings, limits, quotes and repayment schedules."""
