"""PMML documents: read safely, outlined, described, finished with verification rows."""
