"""What a model is: text recipes, presets, checkpoints, classifier, summarizer."""
