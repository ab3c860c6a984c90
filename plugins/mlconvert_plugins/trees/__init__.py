"""Tree ensembles in flat arrays: what a forest is, its file, its score. `docs/forest.md` states all three."""
