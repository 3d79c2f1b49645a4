import { sqlMigration } from './sql-migration.ts';

/** Tables of the platform itself: the outbox, the memory of which reaction has seen which event, first answers. */
export const platformMigrations = [
  sqlMigration(
    '20261121000000_platform_messaging',
    `
    create schema if not exists platform;

    create table platform.outbox (
      id uuid primary key,
      type text not null,
      payload jsonb not null,
      occurred_at timestamptz not null,
      due_at timestamptz not null default now(),
      attempts integer not null default 0,
      last_error text,
      published_at timestamptz
    );
    create index outbox_due on platform.outbox (due_at) where published_at is null;
    create index outbox_published on platform.outbox (published_at) where published_at is not null;

    create table platform.reactions (
      event_id uuid not null,
      reaction text not null,
      reacted_at timestamptz not null default now(),
      primary key (event_id, reaction)
    );
    create index reactions_reacted_at on platform.reactions (reacted_at);

    -- NOTIFY leaves at commit and is coalesced per transaction; its payload is empty on purpose: it only wakes.
    create function platform.wake() returns trigger language plpgsql as $$
    begin
      perform pg_notify(tg_argv[0], '');
      return null;
    end $$;

    create trigger outbox_wake after insert on platform.outbox
      for each statement execute function platform.wake('tocsin_outbox');
    `,
  ),
  sqlMigration(
    '20261122000000_idempotency_keys',
    `
    create table platform.idempotency_keys (
      owner_id uuid not null,
      key text not null,
      -- SHA-256 of method, path and body.
      request bytea not null,
      status integer not null,
      -- As text, so that a repeated answer has its properties in the order of the first.
      body json not null,
      created_at timestamptz not null default now(),
      primary key (owner_id, key)
    );
    create index idempotency_keys_created_at on platform.idempotency_keys (created_at);
    `,
  ),
];
