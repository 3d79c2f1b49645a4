import { sqlMigration } from '#platform/persistence';

export const identityMigrations = [
  sqlMigration(
    '20261121000100_identity_users',
    `
    create schema identity;

    create table identity.users (
      id uuid primary key,
      email text not null unique check (email = lower(email)),
      password_hash text not null,
      name text,
      role text not null check (role in ('user', 'operator', 'admin')),
      email_verified boolean not null,
      demo boolean not null,
      created_at timestamptz not null
    );

    create table identity.refresh_tokens (
      token_hash bytea primary key,
      user_id uuid not null references identity.users on delete cascade,
      expires_at timestamptz not null,
      used_at timestamptz
    );
    create index refresh_tokens_user on identity.refresh_tokens (user_id);
    `,
  ),
  sqlMigration(
    '20261122020000_identity_sessions',
    `
    create table identity.sessions (
      id uuid primary key,
      user_id uuid not null references identity.users on delete cascade,
      created_at timestamptz not null default now()
    );
    create index sessions_user on identity.sessions (user_id);

    -- Null in those that an older version gave.
    alter table identity.refresh_tokens add column session_id uuid;
    `,
  ),
];
