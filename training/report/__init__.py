"""A page that shows what a model does on labelled data: one file, no assets from elsewhere."""
