"""Multi-modal knowledge-graph completion with imbalanced modalities: AdaMF-MAT (arXiv 2402.15444), written anew."""
