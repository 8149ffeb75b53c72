"""The audit room: evidence that a decision of the past can be repeated. It reads; it never writes a book."""
