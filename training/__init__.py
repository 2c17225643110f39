"""Labelled data in, checkpoint out: data, fine-tuning, metrics, evaluation."""
