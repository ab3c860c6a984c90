"""Jars that JPMML's transpiler makes of PMML: what is in them, how they are made, and the JVM that runs them."""
