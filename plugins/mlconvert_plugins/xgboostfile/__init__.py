"""XGBoost's models, JSON and UBJSON, read without XGBoost: every key is handled, known to be irrelevant, or refused."""
