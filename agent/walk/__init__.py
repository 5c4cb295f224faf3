"""One sample, seen through: walked step by step over the compiled graph, with time travel, edits and branches.

`walk.Walk` is the engine of `agent.chat` and `agent.web`; there is no user interface in here.
"""
