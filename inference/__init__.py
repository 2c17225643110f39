"""Corpus in, predictions out: sources, batching, runner, sinks."""
