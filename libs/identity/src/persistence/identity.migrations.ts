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
  sqlMigration(
    '20261122030000_identity_accounts',
    `
    alter table identity.users add column banned_at timestamptz;
    -- Null in an account that a provider vouches for.
    alter table identity.users alter column password_hash drop not null;

    -- What a person sees of their sessions; null in those that an older version opened.
    alter table identity.sessions add column address text;
    alter table identity.sessions add column user_agent text;

    -- The session of a page: a cookie instead of tokens.
    create table identity.web_sessions (
      token_hash bytea primary key,
      session_id uuid not null unique references identity.sessions on delete cascade,
      expires_at timestamptz not null,
      last_used_at timestamptz not null default now()
    );

    -- Access tokens outlive the session that they were given in; this is how every api knows. Stamped, so that it
    -- can be read on from where the last reading ended, whatever commits late.
    create table identity.ended_sessions (
      id uuid primary key,
      ended_at timestamptz not null default now(),
      ended_in xid8 not null default pg_current_xact_id()
    );
    create index ended_sessions_in on identity.ended_sessions (ended_in);

    -- What each api has read of them: whoever ends a session waits until all of them know.
    create table identity.session_watchers (
      id uuid primary key,
      snapshot pg_snapshot not null,
      read_at timestamptz not null default now()
    );

    create function identity.note_ended() returns trigger language plpgsql as $$
    begin
      insert into identity.ended_sessions (id) values (old.id) on conflict do nothing;
      return null;
    end $$;
    create trigger session_ended after delete on identity.sessions
      for each row execute function identity.note_ended();
    create trigger sessions_ended after insert on identity.ended_sessions
      for each statement execute function platform.wake('tocsin_ended_sessions');

    -- A registration is an account only once its address is confirmed: the id becomes the account's.
    create table identity.registrations (
      id uuid primary key,
      email text not null check (email = lower(email)),
      name text,
      password_hash text not null,
      -- Null until its mail is written.
      token_hash bytea unique,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null
    );
    create index registrations_of_address on identity.registrations (email);
    create index registrations_expiring on identity.registrations (expires_at);

    -- Mailed to an account, for one use.
    create table identity.mailed_tokens (
      token_hash bytea primary key,
      purpose text not null check (purpose in ('reset-password', 'change-address')),
      user_id uuid not null references identity.users on delete cascade,
      -- The address to be, where it changes.
      email text,
      expires_at timestamptz not null
    );
    create index mailed_tokens_of_user on identity.mailed_tokens (user_id);

    -- Mails that anybody can have sent to an address, counted for a day. Only a keyed hash of it is kept.
    create table identity.solicited_mails (
      address_hash bytea not null,
      kind text not null,
      sent_at timestamptz not null default now()
    );
    create index solicited_mails_to on identity.solicited_mails (address_hash, kind);

    create table identity.setup_links (
      token_hash bytea primary key,
      expires_at timestamptz not null
    );

    create table identity.audit (
      id uuid primary key,
      at timestamptz not null default now(),
      type text not null,
      -- Whose account it is about; null where there is none.
      user_id uuid,
      -- Who did it; null when nobody was logged in.
      actor_id uuid,
      -- Of the network, as the api saw it.
      address text,
      details jsonb not null default '{}'
    );
    create index audit_of_user on identity.audit (user_id, id desc);
    create index audit_of_type on identity.audit (type, id desc);
    create index audit_of_nobody on identity.audit (at) where user_id is null;
    -- Written in the order of time, and forgotten by it.
    create index audit_at on identity.audit using brin (at);
    `,
  ),
  sqlMigration(
    '20261122050000_identity_api_keys',
    `
    create table identity.api_keys (
      id uuid primary key,
      user_id uuid not null references identity.users on delete cascade,
      name text not null,
      -- The first characters, by which its owner recognises it.
      prefix text not null,
      token_hash bytea not null unique,
      scopes text[] not null,
      -- Of which ticks may be submitted; null in a key that is good for none.
      symbols text[],
      expires_at timestamptz,
      created_at timestamptz not null default now(),
      last_used_at timestamptz
    );
    create index api_keys_of_user on identity.api_keys (user_id);
    `,
  ),
  sqlMigration(
    '20261122060000_identity_external_identities',
    `
    -- Whom providers vouch for. A person is who they are at their issuer; addresses change hands.
    create table identity.external_identities (
      issuer text not null,
      subject text not null,
      user_id uuid not null references identity.users on delete cascade,
      -- As the provider said last, which need not be that of the account.
      email text,
      created_at timestamptz not null default now(),
      last_used_at timestamptz not null default now(),
      primary key (issuer, subject)
    );
    create index external_identities_of_user on identity.external_identities (user_id);
    `,
  ),
];
