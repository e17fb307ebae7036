begin;
\ir ../helpers.psql
select plan(73);

-- Worked out by hand from the formula at the head of the rates chapter, anchored increments and one rounding on the total:
--   t = max(0, d - free); billed = 0 if t = 0, else initial + ceil(max(0, t - initial) / increment) * increment
--   cost = 0 if d = 0, else max(minimum, fee + round(billed * per_minute / 60))
-- 37 300 a minute is 621.666… a second, so every mode shows; 150 000 is 2 500; 300 000 is 5 000, half a cent.
-- Seconds, increments, per minute, fee, free, minimum, mode, precision → billed, cost.
select is(
  array[private.billed_seconds(d, r), private.call_cost(d, r)], array[billed, cost],
  format('%s s, %s/%s at %s, fee %s, free %s, minimum %s, %s to %s', d, initial, increment, per_minute, fee, free, minimum, mode, precision_))
from (values
  -- 60/60: 37 300 for each minute begun.
  (1::bigint, 60, 60, 37300::bigint, 0::bigint, 0, 0::bigint, 'up', 1::bigint, 60::bigint, 37300::bigint),
  (60, 60, 60, 37300, 0, 0, 0, 'up', 1, 60, 37300),
  (61, 60, 60, 37300, 0, 0, 0, 'up', 1, 120, 74600),
  (3599, 60, 60, 37300, 0, 0, 0, 'up', 1, 3600, 2238000),
  (3600, 60, 60, 37300, 0, 0, 0, 'up', 1, 3600, 2238000),
  -- 30/6: 30 s are 18 650, 36 are 22 380, 48 are 29 840, 66 are 41 030.
  (1, 30, 6, 37300, 0, 0, 0, 'up', 1, 30, 18650),
  (30, 30, 6, 37300, 0, 0, 0, 'up', 1, 30, 18650),
  (31, 30, 6, 37300, 0, 0, 0, 'up', 1, 36, 22380),
  (45, 30, 6, 37300, 0, 0, 0, 'up', 1, 48, 29840),
  (61, 30, 6, 37300, 0, 0, 0, 'up', 1, 66, 41030),
  -- 6/6: 6 s are 3 730.
  (1, 6, 6, 37300, 0, 0, 0, 'up', 1, 6, 3730),
  (6, 6, 6, 37300, 0, 0, 0, 'up', 1, 6, 3730),
  (13, 6, 6, 37300, 0, 0, 0, 'up', 1, 18, 11190),
  (61, 6, 6, 37300, 0, 0, 0, 'up', 1, 66, 41030),
  -- 1/1: 621.67, 1 243.33, and 1 865 without a fraction; an hour is 60 minutes to the micro.
  (1, 1, 1, 37300, 0, 0, 0, 'up', 1, 1, 622),
  (1, 1, 1, 37300, 0, 0, 0, 'half_up', 1, 1, 622),
  (1, 1, 1, 37300, 0, 0, 0, 'half_even', 1, 1, 622),
  (1, 1, 1, 37300, 0, 0, 0, 'down', 1, 1, 621),
  (2, 1, 1, 37300, 0, 0, 0, 'up', 1, 2, 1244),
  (2, 1, 1, 37300, 0, 0, 0, 'half_up', 1, 2, 1243),
  (2, 1, 1, 37300, 0, 0, 0, 'half_even', 1, 2, 1243),
  (2, 1, 1, 37300, 0, 0, 0, 'down', 1, 2, 1243),
  (3, 1, 1, 37300, 0, 0, 0, 'up', 1, 3, 1865),
  (3, 1, 1, 37300, 0, 0, 0, 'down', 1, 3, 1865),
  (3600, 1, 1, 37300, 0, 0, 0, 'up', 1, 3600, 2238000),
  -- To tens: 62.17; to hundreds: 6.22; to thousands: 0.62.
  (1, 1, 1, 37300, 0, 0, 0, 'up', 10, 1, 630),
  (1, 1, 1, 37300, 0, 0, 0, 'half_up', 10, 1, 620),
  (1, 1, 1, 37300, 0, 0, 0, 'up', 100, 1, 700),
  (1, 1, 1, 37300, 0, 0, 0, 'half_even', 100, 1, 600),
  (1, 1, 1, 37300, 0, 0, 0, 'half_up', 1000, 1, 1000),
  (1, 1, 1, 37300, 0, 0, 0, 'down', 1000, 1, 0),
  -- 12 s are 7 460: 74.6 hundreds.
  (7, 6, 6, 37300, 0, 0, 0, 'half_even', 100, 12, 7500),
  (7, 6, 6, 37300, 0, 0, 0, 'down', 100, 12, 7400),
  -- Ties to the cent: 0.5, 1.5 and 2.5.
  (1, 1, 1, 300000, 0, 0, 0, 'up', 10000, 1, 10000),
  (1, 1, 1, 300000, 0, 0, 0, 'half_up', 10000, 1, 10000),
  (1, 1, 1, 300000, 0, 0, 0, 'half_even', 10000, 1, 0),
  (1, 1, 1, 300000, 0, 0, 0, 'down', 10000, 1, 0),
  (3, 1, 1, 300000, 0, 0, 0, 'half_up', 10000, 3, 20000),
  (3, 1, 1, 300000, 0, 0, 0, 'half_even', 10000, 3, 20000),
  (5, 1, 1, 300000, 0, 0, 0, 'half_up', 10000, 5, 30000),
  (5, 1, 1, 300000, 0, 0, 0, 'half_even', 10000, 5, 20000),
  -- A fee is added after the rounding and is not rounded itself.
  (3, 1, 1, 300000, 12345, 0, 0, 'half_even', 10000, 3, 32345),
  (0, 1, 1, 300000, 12345, 0, 0, 'half_even', 10000, 0, 0),
  -- Free seconds: increments begin after them.
  (0, 60, 60, 150000, 0, 30, 0, 'up', 1, 0, 0),
  (1, 60, 60, 150000, 0, 30, 0, 'up', 1, 0, 0),
  (30, 60, 60, 150000, 0, 30, 0, 'up', 1, 0, 0),
  (31, 60, 60, 150000, 0, 30, 0, 'up', 1, 60, 150000),
  (90, 60, 60, 150000, 0, 30, 0, 'up', 1, 60, 150000),
  (91, 60, 60, 150000, 0, 30, 0, 'up', 1, 120, 300000),
  (16, 6, 6, 60000, 0, 10, 0, 'up', 1, 6, 6000),
  (17, 6, 6, 60000, 0, 10, 0, 'up', 1, 12, 12000),
  (11, 1, 1, 37300, 0, 10, 0, 'half_up', 1, 1, 622),
  -- The fee is for the answer: free seconds do not waive it.
  (1, 60, 60, 150000, 50000, 30, 0, 'up', 1, 0, 50000),
  (31, 60, 60, 150000, 50000, 30, 0, 'up', 1, 60, 200000),
  -- A minimum charge is the least an answered call costs.
  (0, 1, 1, 150000, 0, 0, 100000, 'up', 1, 0, 0),
  (1, 1, 1, 150000, 0, 0, 100000, 'up', 1, 1, 100000),
  (39, 1, 1, 150000, 0, 0, 100000, 'up', 1, 39, 100000),
  (40, 1, 1, 150000, 0, 0, 100000, 'up', 1, 40, 100000),
  (41, 1, 1, 150000, 0, 0, 100000, 'up', 1, 41, 102500),
  -- The fee counts towards it: 50 000 and 20 s are 100 000.
  (1, 1, 1, 150000, 50000, 0, 100000, 'up', 1, 1, 100000),
  (20, 1, 1, 150000, 50000, 0, 100000, 'up', 1, 20, 100000),
  (21, 1, 1, 150000, 50000, 0, 100000, 'up', 1, 21, 102500),
  -- Also of a call that stays within its free seconds.
  (1, 60, 60, 150000, 0, 60, 30000, 'up', 1, 0, 30000),
  (60, 60, 60, 150000, 0, 60, 30000, 'up', 1, 0, 30000),
  (61, 60, 60, 150000, 0, 60, 30000, 'up', 1, 60, 150000),
  -- All of it: fee 10 000, 15 s free, at least 40 000, 30/6 at 1 500 a second.
  (15, 30, 6, 90000, 10000, 15, 40000, 'up', 1, 0, 40000),
  (16, 30, 6, 90000, 10000, 15, 40000, 'up', 1, 30, 55000),
  (45, 30, 6, 90000, 10000, 15, 40000, 'up', 1, 30, 55000),
  (46, 30, 6, 90000, 10000, 15, 40000, 'up', 1, 36, 64000),
  (51, 30, 6, 90000, 10000, 15, 40000, 'up', 1, 36, 64000),
  (52, 30, 6, 90000, 10000, 15, 40000, 'up', 1, 42, 73000),
  -- A minimum is not rounded: it is an amount, as the fee is.
  (1, 1, 1, 150000, 0, 0, 12345, 'up', 10000, 1, 12345),
  (6, 1, 1, 150000, 0, 0, 12345, 'half_up', 10000, 6, 20000)
) vectors (d, initial, increment, per_minute, fee, free, minimum, mode, precision_, billed, cost),
lateral (select row('t', '', now(), per_minute, fee, initial, increment, free, minimum, mode, precision_)::public.rates) as rated (r);

select * from finish();
rollback;
