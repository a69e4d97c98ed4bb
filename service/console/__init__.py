"""The marketer's pages: HTML made here, charts drawn here, nothing loaded from anywhere else."""
