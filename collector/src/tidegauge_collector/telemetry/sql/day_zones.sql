-- In which time zone were the days of each deployment cut?
SELECT deployment, zone FROM day_zones;
