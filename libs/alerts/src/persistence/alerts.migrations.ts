import { sqlMigration } from '#platform/persistence';

export const alertsMigrations = [
  sqlMigration(
    '20261121000200_alerts',
    `
    create schema alerts;

    create table alerts.alerts (
      id uuid primary key,
      user_id uuid not null,
      symbol text not null,
      operator text not null,
      target numeric not null,
      direction text check (direction in ('up', 'down')),
      reference_source text,
      reference_trade_id bigint,
      reference_price numeric,
      reference_at timestamptz,
      evaluated_through bigint,
      note text,
      version integer not null default 1,
      status text not null check (status in ('active', 'paused', 'triggered', 'expired', 'deleted')),
      created_at timestamptz not null,
      triggered_at timestamptz,
      triggered_price numeric,
      trigger_count integer not null default 0,
      deleted_at timestamptz,
      changed_in xid8 not null default pg_current_xact_id()
    );
    create index alerts_of_owner on alerts.alerts (user_id, id desc);
    create index alerts_active on alerts.alerts (symbol) where status = 'active';

    -- The change log of the engines is a stamp on the row. Transactions commit in another order than they
    -- begin, so readers go by stamp and only below the oldest transaction still under way.
    create index alerts_changed on alerts.alerts (changed_in);

    create function alerts.stamp() returns trigger language plpgsql as $$
    begin
      new.changed_in := pg_current_xact_id();
      return new;
    end $$;

    create trigger alerts_stamp before insert or update on alerts.alerts
      for each row execute function alerts.stamp();
    create trigger alerts_wake after insert or update on alerts.alerts
      for each statement execute function platform.wake('tocsin_alerts');

    create table alerts.history (
      id bigint generated always as identity primary key,
      alert_id uuid not null references alerts.alerts on delete cascade,
      type text not null check (type in ('created', 'triggered', 'deleted')),
      at timestamptz not null,
      actor text not null check (actor in ('user', 'engine')),
      receipt jsonb
    );
    create index history_of_alert on alerts.history (alert_id, id);

    create table alerts.cursors (
      symbol text not null,
      source text not null,
      tick_id bigint not null,
      price numeric not null,
      at timestamptz not null,
      -- Alerts changed in an earlier transaction than this were compared with every tick up to tick_id.
      loaded_through xid8 not null,
      primary key (symbol, source)
    );
    `,
  ),
  sqlMigration(
    '20261122000200_alert_edits',
    `
    alter table alerts.history
      drop constraint history_type_check,
      add constraint history_type_check
        check (type in ('created', 'edited', 'paused', 'resumed', 'triggered', 'deleted')) not valid;
    `,
  ),
  // Apart, so that the table can be used while its rows are read.
  sqlMigration(
    '20261122000210_alert_edits_checked',
    `
    alter table alerts.history validate constraint history_type_check;
    `,
  ),
];
