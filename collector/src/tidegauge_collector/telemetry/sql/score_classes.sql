-- Which classes, in which order, do class scores belong to?
SELECT classes_id, class FROM score_classes ORDER BY classes_id, position;
