-- Append lists of classes.
INSERT INTO score_classes SELECT number, position, thing FROM new_score_classes;
