"""`symconv bench`: an exported kernel against whatever library is installed that computes the same."""
