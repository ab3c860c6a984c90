"""A plugin for tests: formats that hold y = weight * x + bias, stages between them that can misbehave on demand."""
