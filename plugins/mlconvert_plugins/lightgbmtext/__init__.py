"""LightGBM's text models, read without LightGBM: every key is handled, known to be irrelevant, or refused by name."""
