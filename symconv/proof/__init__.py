"""Verdicts and the three parts that judge each other: prover, checker, evaluator."""
