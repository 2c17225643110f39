"""What computes: one class an engine, each taking a batch of encodings."""
