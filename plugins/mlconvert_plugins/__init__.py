"""First-party formats, stages, passes and runners, each found through its entry point."""
