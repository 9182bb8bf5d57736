-- Append version names.
INSERT INTO versions_known SELECT number, thing FROM new_versions;
