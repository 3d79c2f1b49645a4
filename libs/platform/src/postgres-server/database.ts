import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { errorCode, isAlive } from '../data-dir/index.ts';
import type { Passwords } from './cluster.ts';
import type { Postmaster } from './postmaster.ts';

/** SQLSTATE cannot_connect_now: it starts up, replays its log, or shuts down. */
const notYet = '57P03';

/** Resolves when the server accepts our password, however long it replays its log. */
export async function waitUntilReady({ pid, port }: Postmaster, password: string): Promise<void> {
  for (let silentMs = 0; ; silentMs += 25) {
    try {
      const client = await connect(port, password);
      await client.end();
      return;
    } catch (error) {
      if (!isAlive(pid)) throw new Error('It ended.', { cause: error });
      const code = errorCode(error);
      if (code === notYet) silentMs = 0;
      else if (code !== 'ECONNREFUSED' || silentMs > 30_000) throw error;
    }
    await delay(25);
  }
}

/** Makes the role `tocsin` and its database unless they exist. */
export async function ensureDatabase(port: number, passwords: Passwords): Promise<void> {
  const client = await connect(port, passwords.superuser);
  try {
    const has = async (query: string) => (await client.query(query)).rowCount === 1;
    if (!(await has(`select from pg_roles where rolname = 'tocsin'`))) {
      await client.query(`create role tocsin login createdb password '${passwords.tocsin}'`);
    }
    if (!(await has(`select from pg_database where datname = 'tocsin'`))) {
      await client.query('create database tocsin owner tocsin');
    }
  } finally {
    await client.end();
  }
}

/** The database `tocsin` as the role that owns it. */
export const urlOf = ({ port }: Postmaster, { tocsin }: Passwords): string =>
  `postgres://tocsin:${tocsin}@127.0.0.1:${port}/tocsin`;

async function connect(port: number, password: string): Promise<Client> {
  const client = new Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    password,
    database: 'postgres',
    connectionTimeoutMillis: 5000,
    application_name: 'tocsin supervisor',
  });
  // A server that ends while we are connected says so here as well as in the query's answer.
  client.on('error', () => {});
  await client.connect();
  return client;
}
