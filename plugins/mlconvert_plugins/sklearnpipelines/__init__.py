"""scikit-learn's estimators and pipelines of any kind: their columns, how they are asked, and what tells them apart."""
