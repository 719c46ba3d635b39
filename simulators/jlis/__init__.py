"""The simulated J-LIS: certificate authorities in the profile of JPKI, their CRLs and OCSP."""
