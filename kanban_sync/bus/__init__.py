"""How processes hear of each other: one module for each way, behind the port ``core.bus.Bus``."""
