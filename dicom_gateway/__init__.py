"""One hospital's gateway: DIMSE and DICOMweb beside a PACS. Images never leave unasked."""
