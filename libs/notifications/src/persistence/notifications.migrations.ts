import { sqlMigration } from '#platform/persistence';

export const notificationsMigrations = [
  sqlMigration(
    '20261121000300_notifications',
    `
    create schema notifications;

    create table notifications.notifications (
      id uuid primary key,
      kind text not null check (kind in ('manual', 'alert', 'digest', 'campaign')),
      owner_id uuid not null,
      subject text not null,
      message text not null,
      line_items jsonb not null,
      recipients jsonb not null,
      firings jsonb not null,
      status text not null check (status in
        ('draft', 'scheduled', 'pending', 'sending', 'sent', 'partially_sent', 'failed', 'deleted')),
      version integer not null,
      created_at timestamptz not null,
      send_at timestamptz,
      requested integer check (requested > 0),
      counts jsonb not null,
      deletion jsonb,
      check ((status = 'deleted') = (deletion is not null))
    );
    create index notifications_of_owner on notifications.notifications (owner_id, created_at desc, id desc);
    create index notifications_shared on notifications.notifications (created_at desc, id desc)
      where kind in ('manual', 'campaign');
    create index notifications_of_alert on notifications.notifications using gin (firings jsonb_path_ops)
      where firings <> '[]';

    -- One row an alert that has fired or was deleted: telling of a firing share-locks it and deletion updates
    -- it, so a deletion sees every notification of its alert, or none follows.
    create table notifications.alerts (
      id uuid primary key,
      deleted_at timestamptz
    );
    `,
  ),
];
