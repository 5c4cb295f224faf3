"""What all tests share: nothing of the machine's settings goes in, and nothing that one test changes stays for others.

Every run tries the same cases on the same arithmetic, so that a failure can be had again. `pytest
--hypothesis-profile=search` looks for new ones.
"""

import logging
import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

# A deadline, and the check for slow generation, would measure how busy the machine is.
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", settings.get_profile("search"), derandomize=True, database=None)
settings.load_profile("same")

SETTINGS = ("KB_", "LMM_", "OPENAI_", "IMAGES_", "MMIMDB_", "COCO_", "IUXRAY_", "MINI_", "VLLM_")
"""How the names of the variables begin that the program reads."""
for name in [name for name in os.environ if name.startswith(SETTINGS)]:
    del os.environ[name]
# Sums over several threads come out in another order, and so does what follows from their last digits.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """A run in this process sends all logging to its own folder; whoever comes next finds it where it was."""
    root, configured, chosen = logging.getLogger(), structlog.is_configured(), structlog.get_config()
    processors, handlers, root_level = list(chosen["processors"]), list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in list(root.manager.loggerDict)}
    yield
    logging.captureWarnings(False)
    for handler in [handler for handler in root.handlers if handler not in handlers]:
        root.removeHandler(handler)
        handler.close()
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(root_level)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    if configured:
        structlog.configure(**(chosen | {"processors": processors}))
    else:
        structlog.reset_defaults()
