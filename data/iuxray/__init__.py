"""IU X-ray (Demner-Fushman et al., 2016; Open-i): radiographs with their reports, in four on-disk forms."""
