"""Evidence for people: the documents of validations and benchmarks as text, Markdown, HTML and JUnit XML."""
