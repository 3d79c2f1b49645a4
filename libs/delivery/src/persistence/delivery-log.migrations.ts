import { concurrentIndex, sqlMigration } from '#platform/persistence';

/** What operators look up and send again. */
export const deliveryLogMigrations = [
  sqlMigration(
    '20261122042000_delivery_log',
    `
    -- What was asked of the provider (from, to, bytes, tls), and when the attempt was due.
    alter table delivery.attempts add column request jsonb, add column scheduled_at timestamptz;

    -- Attempts are told of, never retold: one is opened by a claim and settled once. Here and not in each statement,
    -- because it must also bind those of versions that have never heard of it.
    create function delivery.refuse_retelling() returns trigger language plpgsql as $$
    begin
      if tg_op = 'DELETE' then
        raise exception 'Attempt % is never forgotten.', old.id using errcode = 'check_violation';
      end if;
      if (new.id, new.delivery_id, new.number, new.worker_id, new.claimed_at)
          = (old.id, old.delivery_id, old.number, old.worker_id, old.claimed_at) then
        -- Its deleted account is erased from it.
        if (new.response is null or new.response = old.response) and (new.request is null or new.request = old.request)
          and (new.provider, new.outcome, new.code, new.message_id, new.scheduled_at, new.handed_over_at, new.settled_at)
          is not distinct from
          (old.provider, old.outcome, old.code, old.message_id, old.scheduled_at, old.handed_over_at, old.settled_at)
        then
          return new;
        end if;
        -- A sweeper said that nobody knows, and then the worker that seemed lost could tell. It tells nothing any more
        -- of a recipient who was erased meanwhile.
        if old.outcome = 'ambiguous' and old.code = 'worker-lost' and new.outcome is not null then
          if exists (select from delivery.deliveries where id = old.delivery_id and recipient = '') then
            new.response := null;
            new.request := null;
          end if;
          return new;
        end if;
      end if;
      raise exception 'Attempt % has ended as % for good.', old.id, old.outcome using errcode = 'check_violation';
    end $$;
    create trigger attempts_end_once before update on delivery.attempts for each row
      when (old.outcome is not null and old is distinct from new) execute function delivery.refuse_retelling();
    create trigger attempts_stay before delete on delivery.attempts for each row
      execute function delivery.refuse_retelling();
    `,
  ),
  sqlMigration(
    '20261122042100_delivery_retries',
    `
    -- A delivery that failed is never changed; sending it again makes another one, and each names the other.
    alter table delivery.deliveries add column retry_of uuid, add column retried_by uuid;
    `,
  ),
  // A search reads the newest rows of each state, or of an address in it. Apart for what waits and what has ended, since
  // each change of a row writes to every index that has it: on its way to its end a delivery does so three times here.
  concurrentIndex(
    '20261122042200_deliveries_ended_by_status',
    'delivery',
    'deliveries_ended_by_status',
    `delivery.deliveries (status, created_at, id)
      where status in ('sent', 'failed', 'cancelled', 'suppressed', 'unknown')`,
  ),
  concurrentIndex(
    '20261122042210_deliveries_ended_by_recipient',
    'delivery',
    'deliveries_ended_by_recipient',
    `delivery.deliveries (lower(recipient), status, created_at, id)
      where status in ('sent', 'failed', 'cancelled', 'suppressed', 'unknown')`,
  ),
  concurrentIndex(
    '20261122042220_deliveries_waiting_by_status',
    'delivery',
    'deliveries_waiting_by_status',
    `delivery.deliveries (status, created_at, id) where status in ('pending', 'retrying')`,
  ),
  sqlMigration(
    '20261122042300_delivery_operator_suppressions',
    `
    -- Addresses that an operator wants nothing sent to, as the same keyed hash. Apart from those that follow from what
    -- the owner of an address did (delivery.suppressions): each of the two is lifted by whoever made it.
    create table delivery.operator_suppressions (
      id uuid primary key,
      address_hash bytea not null unique,
      reason text,
      created_at timestamptz not null default now()
    );
    `,
  ),
];
