"""Other ways of making the same pages, for comparison."""
