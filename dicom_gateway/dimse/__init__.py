"""DIMSE: what modalities and the PACS speak."""
