"""Own data: a folder with pictures and a metadata file, or what Hugging Face `datasets` calls imagefolder and
Parquet."""
