"""Children and who guards them."""
