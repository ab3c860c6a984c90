"""The tree-ensemble subset of PMML, read into a forest."""
