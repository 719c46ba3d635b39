"""DICOMweb (PS3.18): QIDO-RS and WADO-RS for the portal's viewer."""
