/**
 * Tables of the harness's own, which Postgres fills in the transactions of Tocsin: who claimed and settled, and which
 * source was deleted. With the time of each commit they tell what came first. Every worker slot has a role of its own.
 */
export const observers = `
  create schema chaos;
  create table chaos.claims (attempt_id uuid, delivery_id uuid, slot text, xid xid8);
  create table chaos.outcomes (attempt_id uuid, outcome text, code text, slot text, xid xid8);
  create table chaos.deletions (type text, id uuid, xid xid8);
  -- Claims of rows that were not to be claimed at that moment.
  create table chaos.out_of_turn (delivery_id uuid, status text, due_in interval, at timestamptz);

  create function chaos.claimed() returns trigger language plpgsql as $$
  begin
    insert into chaos.claims
      select id, delivery_id, session_user, pg_current_xact_id() from made;
    return null;
  end $$;
  create trigger chaos_claimed after insert on delivery.attempts
    referencing new table as made for each statement execute function chaos.claimed();

  create function chaos.settled() returns trigger language plpgsql as $$
  begin
    insert into chaos.outcomes values (new.id, new.outcome, new.code, session_user, pg_current_xact_id());
    return null;
  end $$;
  create trigger chaos_settled after update on delivery.attempts for each row
    when (new.outcome is not null and (old.outcome, old.code) is distinct from (new.outcome, new.code))
    execute function chaos.settled();

  create function chaos.deleted() returns trigger language plpgsql as $$
  begin
    insert into chaos.deletions values (new.type, new.id, pg_current_xact_id());
    return null;
  end $$;
  create trigger chaos_deleted after insert or update on delivery.sources for each row
    when (new.deleted_at is not null) execute function chaos.deleted();

  create function chaos.out_of_turn() returns trigger language plpgsql as $$
  begin
    insert into chaos.out_of_turn values (new.id, old.status, old.due_at - clock_timestamp(), clock_timestamp());
    return null;
  end $$;
  create trigger chaos_out_of_turn after update on delivery.deliveries for each row
    when (new.claim_token > old.claim_token
      and (old.status not in ('pending', 'retrying') or old.due_at > clock_timestamp()))
    execute function chaos.out_of_turn();
`;
