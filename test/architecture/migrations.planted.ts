/** Everything that a migration may do to the tables that are there: `alerts.alerts` and `alerts.history`. */
export const allowed: Readonly<Record<string, string>> = {
  '1_tables': `
    create schema alerts;
    create table alerts.alerts (id uuid primary key, price numeric check (price > 0), changed_in xid8 default f());
    create unique index alerts_by_price on alerts.alerts (price);
    alter table alerts.alerts add column note text not null, rename column note to remark;
    update alerts.alerts set remark = 'drop column';
    create table alerts.history (id uuid);`,
  '2_more': `
    -- drop table alerts.history; alter table alerts.alerts rename to alarms
    alter table alerts.alerts add column colour text, add column since timestamptz not null default now(),
      add column shade text not null default 'unique; drop table',
      add constraint alerts_colour check (colour in ('red', 'green')) not valid;
    create function alerts.stamp() returns trigger language plpgsql as $body$
    begin
      update alerts.history set id = null; drop table alerts.alerts;
    end $body$;
    create trigger alerts_stamp before insert on alerts.alerts for each row execute function alerts.stamp();
    create view alerts.active as select id from alerts.alerts where colour is not null;
    insert into alerts.history values (null);`,
  '3_valid': 'alter table alerts.alerts validate constraint alerts_colour;',
  '4_index': 'create index concurrently alerts_by_colour on alerts.alerts (colour)',
  '5_looser': `
    alter table only alerts.alerts alter column price drop not null, drop constraint alerts_price_check;
    alter table alerts.alerts alter column colour set default 'red';
    drop index alerts.alerts_by_price;`,
  '6_contract': `
    -- contract: unneeded since 1.1.0
    drop table alerts.history;
    alter table alerts.alerts drop column colour, alter column since set not null`,
};

/** By the rule that must fire, what breaks it: each alone in a migration after those. */
export const planted: Readonly<Record<string, readonly string[]>> = {
  'drops nothing that an older version may use': [
    'drop table alerts.alerts',
    'drop table if exists alerts.history cascade',
    'alter table alerts.alerts add column a text, drop column price',
    'ALTER TABLE alerts.alerts\n  DROP COLUMN IF EXISTS price',
    'alter table alerts.alerts alter column id drop default',
    'drop view alerts.active',
    'drop trigger alerts_stamp on alerts.alerts',
    'drop function alerts.stamp',
    '-- contract: unneeded since 9.9.9\n drop table alerts.history',
    '-- contract\n drop table alerts.history',
  ],
  'renames nothing': [
    'alter table alerts.alerts rename to alarms',
    'alter table alerts.alerts rename column price to value',
    'alter table if exists alerts.alerts set schema public',
    'alter index alerts.alerts_by_price rename to by_price',
  ],
  'changes no type': [
    'alter table alerts.alerts alter column price type text',
    'alter table alerts.alerts alter column price set data type text using price::text',
  ],
  'asks nothing of new rows that an older version does not give': [
    'alter table alerts.alerts alter column price set not null',
    'alter table alerts.alerts add column shade text not null',
    'alter table alerts.alerts add constraint one unique (price)',
    'alter table alerts.alerts add primary key (price)',
  ],
  'rewrites no table': [
    'alter table alerts.alerts add column token uuid default gen_random_uuid()',
    'alter table alerts.alerts add column number bigserial',
    'alter table alerts.alerts add column twice numeric generated always as (price * 2) stored',
    '-- contract: unneeded since 1.1.0\n alter table alerts.alerts add column number serial',
  ],
  'checks no rows under the lock of a change': [
    'alter table alerts.alerts add constraint positive check (price > 0)',
    'alter table alerts.alerts add foreign key (id) references alerts.history',
    'alter table alerts.alerts add column shade text check (shade is not null)',
    'alter table alerts.alerts add column other uuid references alerts.history',
    'alter table alerts.alerts add column a text; alter table alerts.alerts validate constraint positive',
  ],
  'builds an index of an existing table beside its use': [
    'create index by_price on alerts.alerts (price)',
    'create unique index if not exists by_price on only alerts.alerts using btree (price)',
  ],
  'changes no rows': [
    'update alerts.alerts set price = 1',
    'delete from alerts.history',
    'truncate table alerts.history',
  ],
  'does only what is known to disturb nobody': [
    'lock table alerts.alerts',
    'alter table alerts.alerts drop price',
    'alter table alerts.alerts add shade text not null',
    'do $$ begin drop table alerts.alerts; end $$',
    'alter table alerts.alerts disable trigger all',
    'vacuum full alerts.alerts',
    'alter type alerts.colour add value',
    'with gone as (delete from alerts.alerts returning id) select id from gone',
  ],
};
