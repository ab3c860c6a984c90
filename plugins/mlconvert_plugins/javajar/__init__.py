"""Jars that score: what is in them, how they are made without a JDK, and the JVM that runs them."""
