"""Vaccination: schedule, evaluation and forecast (pure); doses and their recording."""
