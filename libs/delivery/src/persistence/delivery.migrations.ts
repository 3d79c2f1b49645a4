import { concurrentIndex, sqlMigration } from '#platform/persistence';
import { deliveryLogMigrations } from './delivery-log.migrations.ts';
import { providersMigrations } from './providers.migrations.ts';

export const deliveryMigrations = [
  sqlMigration(
    '20261122000500_delivery',
    `
    create schema delivery;

    -- What deliveries stem from. Whoever creates, claims, settles or sweeps a delivery holds share locks on its
    -- sources; whoever deletes a source updates this row first and so waits for all of them.
    create table delivery.sources (
      type text not null,
      id uuid not null,
      deleted_at timestamptz,
      primary key (type, id)
    );

    create table delivery.messages (
      id uuid primary key,
      notification_id uuid not null,
      subject text not null,
      text text not null,
      html text not null
    );

    create table delivery.deliveries (
      id uuid primary key,
      message_id uuid not null references delivery.messages,
      notification_id uuid not null,
      channel text not null,
      recipient text not null,
      status text not null check (status in
        ('pending', 'sending', 'retrying', 'sent', 'failed', 'cancelled', 'suppressed', 'unknown')),
      reason text,
      -- The same over all attempts, so that a receiver can tell a repetition.
      message_id_header text not null,
      version integer not null default 1,
      claim_token integer not null default 0,
      worker_id integer,
      -- Somebody may have been handed this message already; never reset.
      tainted boolean not null default false,
      -- Tries that count towards giving up; the claim token counts all of them.
      attempts integer not null default 0,
      due_at timestamptz not null default now(),
      enqueued_at timestamptz,
      created_at timestamptz not null default now(),
      claimed_at timestamptz,
      settled_at timestamptz,
      constraint pending_is_untainted check (status <> 'pending' or not tainted),
      constraint retrying_is_tainted check (status <> 'retrying' or tainted),
      constraint cancelled_is_untainted check (status not in ('cancelled', 'suppressed') or not tainted),
      constraint sending_has_a_holder check ((status = 'sending') = (worker_id is not null))
    );
    create index deliveries_due on delivery.deliveries (due_at) where status in ('pending', 'retrying');
    create index deliveries_held on delivery.deliveries (worker_id) where status = 'sending';
    create index deliveries_of_notification on delivery.deliveries (notification_id, created_at, id);

    create table delivery.delivery_sources (
      source_type text not null,
      source_id uuid not null,
      delivery_id uuid not null references delivery.deliveries,
      primary key (source_type, source_id, delivery_id)
    );
    create index delivery_sources_of_delivery on delivery.delivery_sources (delivery_id);

    create table delivery.attempts (
      id uuid primary key,
      delivery_id uuid not null references delivery.deliveries,
      -- The claim token of the delivery at that time.
      number integer not null,
      worker_id integer not null,
      provider text not null,
      claimed_at timestamptz not null default now(),
      handed_over_at timestamptz,
      settled_at timestamptz,
      outcome text check (outcome in ('accepted', 'refused', 'failed', 'ambiguous')),
      code text,
      response varchar(500),
      message_id text,
      unique (delivery_id, number)
    );

    -- Names of liveness locks: a worker takes a new one whenever it lost its lock, and none comes twice.
    create sequence delivery.worker_ids as integer no cycle;

    create function delivery.refuse_change() returns trigger language plpgsql as $$
    begin
      raise exception 'Delivery % is % for good.', old.id, old.status using errcode = 'check_violation';
    end $$;
    create trigger end_states_never_change before update of status on delivery.deliveries for each row
      when (old.status in ('sent', 'failed', 'cancelled', 'suppressed', 'unknown') and new.status <> old.status)
      execute function delivery.refuse_change();

    create trigger deliveries_created after insert on delivery.deliveries
      for each statement execute function platform.wake('tocsin_deliveries');
    create trigger deliveries_due_again after update of status on delivery.deliveries for each row
      when (new.status in ('pending', 'retrying') and new.due_at <= now())
      execute function platform.wake('tocsin_deliveries');
    `,
  ),
  sqlMigration(
    '20261122010000_delivery_hold',
    `
    -- While there is a row nothing is claimed. Whoever claims shares an advisory lock (features/hold-lock.ts),
    -- whoever begins or ends a hold has it alone.
    create table delivery.hold (
      held boolean primary key default true check (held),
      since timestamptz not null default now(),
      reason text not null
    );
    `,
  ),
  sqlMigration(
    '20261122012000_delivery_enqueued_in',
    `
    -- What the queue called its memory when the job was put there; under another name the job is lost.
    alter table delivery.deliveries add column enqueued_in text;
    `,
  ),
  sqlMigration(
    '20261122031000_delivery_account_mails',
    `
    -- Null in a mail about an account, which no notification counts.
    alter table delivery.messages alter column notification_id drop not null;
    alter table delivery.deliveries alter column notification_id drop not null;

    -- Such a mail may hold a token. Here and not in each statement that ends a delivery, because it must also bind
    -- those of versions that have never heard of it.
    create function delivery.wipe_message() returns trigger language plpgsql as $$
    begin
      update delivery.messages set subject = '', text = '', html = '' where id = new.message_id;
      return null;
    end $$;
    create trigger account_mails_end_wiped after insert or update of status on delivery.deliveries for each row
      when (new.notification_id is null
        and new.status in ('sent', 'failed', 'cancelled', 'suppressed', 'unknown'))
      execute function delivery.wipe_message();
    `,
  ),
  sqlMigration(
    '20261122031100_delivery_suppressions',
    `
    -- Addresses that nothing is sent to, as a keyed hash: the row outlives the account whose address it was.
    create table delivery.suppressions (
      address_hash bytea primary key,
      reason text not null,
      created_at timestamptz not null default now()
    );
    `,
  ),
  concurrentIndex(
    '20261122031200_delivery_account_mails_to',
    'delivery',
    'account_mails_to',
    'delivery.deliveries (lower(recipient)) where notification_id is null',
  ),
  ...providersMigrations,
  ...deliveryLogMigrations,
];
