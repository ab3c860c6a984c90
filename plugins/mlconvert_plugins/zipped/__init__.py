"""Zip archives that nobody vouches for, whoever wrote them."""
