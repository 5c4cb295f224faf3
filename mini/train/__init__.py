"""How the miniature's models are made, from seeds. `python -m mini.train all` remakes every one of them."""
