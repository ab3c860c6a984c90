"""nyoka's PMML documents: what nyoka is asked with, and the repairs without which they are refused or wrong."""
