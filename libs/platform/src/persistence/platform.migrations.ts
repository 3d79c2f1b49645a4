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
  sqlMigration(
    '20261122000600_platform_reaction_registry',
    `
    -- Which relayed reactions the processes of this installation have, whatever their version.
    create table platform.reaction_registry (
      type text not null,
      reaction text not null,
      seen_at timestamptz not null default now(),
      primary key (type, reaction)
    );

    -- A process that crashes at each start is not given up before the longest pause between two of its starts is
    -- over: five minutes on Kubernetes.
    create view platform.owed_reactions as
      select type, reaction from platform.reaction_registry where seen_at > now() - interval '10 minutes';

    -- The owed reactions that whoever tried to publish the event did not have.
    alter table platform.outbox add column awaits text[];

    -- Here and not in the relay, because it must also bind relays of versions that have never heard of it.
    -- Its plan is kept, and one that was made while there were few marks would read all of them later.
    create function platform.publish_once_all_reacted() returns trigger language plpgsql
      set enable_seqscan = off as $$
    begin
      select array_agg(owed.reaction) into new.awaits
      from platform.owed_reactions as owed
      where owed.type = new.type and not exists (
        select from platform.reactions as mark where mark.event_id = new.id and mark.reaction = owed.reaction);
      if new.awaits is not null then
        new.published_at := null;
        new.last_error := old.last_error;
        -- Due for nobody until a relay that has one of them takes it back.
        new.due_at := 'infinity';
      end if;
      return new;
    end $$;

    create trigger outbox_published before update of published_at on platform.outbox for each row
      when (old.published_at is null and new.published_at is not null)
      execute function platform.publish_once_all_reacted();
    `,
  ),
];
