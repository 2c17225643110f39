"""The YAML files a user copies, and the schema that checks them."""
