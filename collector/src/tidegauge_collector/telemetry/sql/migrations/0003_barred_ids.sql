-- Ids of records that the fold met again after a deletion of their version or range, until the actuals of these ids have gone as well
-- (those received before the deletion, where no other prediction of the id stays).
CREATE TABLE barred_ids (deployment_id INTEGER, id_high UBIGINT, id_low UBIGINT, until_us BIGINT);
