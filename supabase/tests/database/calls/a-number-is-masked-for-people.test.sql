begin;
\ir ../helpers.psql
select plan(3);

select is(private.mask_destination('+14155552671'), '+1415•••2671', 'country, area and the last four remain');
select is(private.mask_destination('+1234567'), '+1•••4567', 'of a short one the country');
select is(private.mask_destination('+123456789012345'), '+12345678•••2345', 'three digits are always hidden');

select * from finish();
rollback;
