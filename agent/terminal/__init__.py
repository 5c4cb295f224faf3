"""One sample in the terminal: what `python -m agent.chat` shows and understands, over `agent.walk` and `agent.talk`."""
