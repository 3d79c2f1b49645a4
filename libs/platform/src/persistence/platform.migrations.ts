import { sqlMigration } from './sql-migration.ts';

/** Tables of the platform itself: the outbox and the memory of which reaction has seen which event. */
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
];
