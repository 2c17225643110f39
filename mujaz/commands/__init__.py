"""One module a command: a thin parser over a plain function of the library."""
