"""Taking in what came on a CD or in a folder (IHE PDI), file by file, whatever is wrong with it."""
