"""The front door for programs and pages: REST and events by HTTP."""
