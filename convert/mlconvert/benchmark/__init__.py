"""Timing artifacts beside their source: in turns, in processes of their own, with what chance leaves open."""
