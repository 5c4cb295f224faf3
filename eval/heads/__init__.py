"""The classifiers that every method which fills shares."""

from eval.heads.build import predict, train_head

__all__ = ["predict", "train_head"]
