"""What the scenarios share: timing processes, pairing them, writing down what came out."""
