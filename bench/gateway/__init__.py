"""The gateway beside its peers: Orthanc, tuned, and nginx sendfile over the same files."""
