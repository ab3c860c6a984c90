"""What the PyTorch format, stage and runner share: telling files apart, vetting them, loading, exporting, naming."""
