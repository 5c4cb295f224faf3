"""The drawn world: scenes made from a seed, drawn as pictures and told as texts. Every fact in it is known exactly."""
