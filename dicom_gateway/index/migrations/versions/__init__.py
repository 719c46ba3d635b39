"""One file a layout. A file that was published never changes."""
