"""What makes each schedule right: the identities behind them, in the term language."""
