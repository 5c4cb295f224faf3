"""How things look: each module turns one kind of thing into what rich can print. Nothing here asks or changes."""
