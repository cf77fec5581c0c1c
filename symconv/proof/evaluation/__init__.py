"""The parts of the evaluator: numbers, intervals, functions, index programs, supports."""
