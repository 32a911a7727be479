"""Those who work on tasks: what they may ask for, and how their claims are kept alive."""
