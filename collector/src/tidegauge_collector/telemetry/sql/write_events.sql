-- Append events.
INSERT INTO events SELECT deployment_id, version, name, text, at_us, attributes, received_us FROM new_events;
