"""The embedded endpoint: an OpenAI-compatible server around a small, real Qwen2-VL.

`python -m mini.endpoint` starts it; `process.start` does so for a run and stops it again. Read in this order:
`server` (HTTP), `protocol` (what may be asked), `model` (prompt to tensors), `engine` (batched decoding).
"""
