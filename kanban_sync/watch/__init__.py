"""Watches the work trees and references of a clone, and brings up what changes there."""
