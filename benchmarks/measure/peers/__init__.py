"""Programs that score a model in turns, each with its own library: one line asks, one line answers.

`check` answers with the predictions of the first rows as JSON, `row` with the microseconds that one row takes, `batch`
with the microseconds a row of all rows together. A peer says `ready` when it is warm.
"""
