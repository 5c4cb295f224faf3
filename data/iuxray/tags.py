"""The 105 tags of Knowledge Bridger's IU X-ray, in its label order (released under the MIT licence)."""

TAGS: tuple[str, ...] = tuple(
    """
thoracic vertebrae; diaphragmatic eventration; bronchovascular; indwelling; catheters; nodule; posterior;
hyperdistention; pleura; multiple; anterior; cardiac shadow; thoracic; lucency; degenerative; scoliosis; tortuous;
diffuse; focal; spine; retrocardiac; interstitial; patchy; spinal fusion; diaphragm; healed; large; moderate;
aorta; mild; streaky; airspace disease; small; pulmonary congestion; blunted; consolidation; pleural effusion;
calcinosis; granulomatous disease; technical quality of image unsatisfactory; atherosclerosis; obscured; chronic
obstructive; borderline; abdomen; thickening; granuloma; bone; pulmonary edema; middle lobe; hypoinflation; bone
diseases; opacity; base; bilateral; lung; infiltrate; ribs; lymph nodes; enlarged; fractures; arthritis; left;
spondylosis; cicatrix; mediastinum; foreign bodies; cardiomegaly; pulmonary atelectasis; metabolic; lower lobe;
surgical instruments; costophrenic angle; no indexing; density; paratracheal; scattered; lingula; right; implanted
medical device; hilum; lumbar vertebrae; apex; hernia; upper lobe; pulmonary disease; round; kyphosis; osteophyte;
thorax; severe; tube; pneumonia; emphysema; flattened; calcified granuloma; markings; inserted; hiatal; chronic;
prominent; pulmonary emphysema; normal; elevated; deformity
    """.replace("\n", " ")
    .strip()
    .split("; ")
)
