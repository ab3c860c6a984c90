"""JPMML behind a process boundary: its jars, the JVM that runs them, and what it is asked."""
