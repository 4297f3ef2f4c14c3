"""Lets every test import what they share (`scenarios`, `strategies`): pytest puts the folder of a conftest on the path."""
