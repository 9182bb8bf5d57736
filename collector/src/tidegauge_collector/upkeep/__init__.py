"""Upkeep of the two stores: opened and healed, backed up and put back, checked, made smaller. Says what it did; measures nothing."""
