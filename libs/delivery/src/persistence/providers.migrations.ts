import { concurrentIndex, sqlMigration } from '#platform/persistence';

/** What workers share of providers, and what a delivery tells them before its claim. */
export const providersMigrations = [
  sqlMigration(
    '20261122041000_delivery_providers',
    `
    -- What all workers share of those who take our messages.
    create table delivery.providers (
      name text primary key,
      -- Messages that may be handed over at once, and when that was so; null before the first.
      tokens double precision,
      refilled_at timestamptz,
      -- Nothing goes there before this time: the provider asked everybody to wait.
      paused_until timestamptz,
      -- Pauses without an acceptance in between, and the delivery that met with the last of them.
      pauses integer not null default 0,
      paused_by uuid,
      -- The provider's code; not its words, which may hold an address.
      reason text
    );
    create trigger providers_paused after update of paused_until on delivery.providers
      for each statement execute function platform.wake('tocsin_providers');

    -- Goes after alerts and mails about accounts; null, from an older version, does not.
    alter table delivery.deliveries add column bulk boolean;
    -- Who was asked last, as the attempts name them; a tainted delivery stays there.
    alter table delivery.deliveries add column provider text;
    -- How often a provider would take nothing, whatever it was; these tries are not among the attempts.
    alter table delivery.deliveries add column deferrals integer;
    `,
  ),
  concurrentIndex(
    '20261122041100_delivery_urgent_due',
    'delivery',
    'deliveries_urgent_due',
    `delivery.deliveries (due_at) where status in ('pending', 'retrying') and bulk is not true`,
  ),
];
