import { sqlMigration } from '#platform/persistence';

export const marketDataMigrations = [
  sqlMigration(
    '20261121000200_market_data',
    `
    create schema market_data;

    create table market_data.last_ticks (
      symbol text not null,
      source text not null,
      tick_id bigint not null,
      price numeric not null check (price > 0),
      quantity numeric not null,
      at timestamptz not null,
      primary key (symbol, source)
    );

    create table market_data.day_statistics (
      symbol text not null,
      source text not null,
      last numeric not null,
      open numeric not null,
      high numeric not null,
      low numeric not null,
      volume numeric not null,
      at timestamptz not null,
      primary key (symbol, source)
    );

    create table market_data.feed_states (
      symbol text not null,
      source text not null,
      state text not null check (state in ('connecting', 'live', 'stale', 'unreachable')),
      reason text,
      since timestamptz not null,
      -- By the database's clock; a feed that is live says so again and again, one that was killed does not.
      confirmed_at timestamptz not null default now(),
      primary key (symbol, source)
    );

    create table market_data.watched_symbols (
      symbol text primary key,
      since timestamptz not null default now()
    );
    `,
  ),
];
