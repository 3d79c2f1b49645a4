import { rmSync } from 'node:fs';
import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import { DeliveryHoldModule, deliveryPersistence, HoldSending } from '#libs/delivery';
import { type Backup, loadBackup } from '#platform/backup';
import type { Config } from '#platform/config';
import { settingsFor } from '../command.ts';
import { platformModules } from '#platform/lifecycle';
import { migrate } from '#platform/persistence';
import { runningOn, startPostgres, stopPostmaster } from '#platform/postgres-server';
import { contexts } from '../contexts.ts';

interface Building {
  readonly backup: Backup;
  /** An own data folder for the new database; what an interrupted restore has left in it is thrown away. */
  readonly folder: string;
  /** Why sending is held. */
  readonly reason: string;
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Makes a database from a backup, with the newest schema and all sending held, and stops its server again. */
export async function buildDatabase(building: Building): Promise<void> {
  const { backup, folder, reason, print, signal } = building;
  await clear(folder);
  try {
    const server = await startPostgres({ dataDir: folder, durable: true });
    try {
      const settings = settingsFor(server.url);
      // Its rows fit the tables of its own time; newer migrations come after them, as they would have.
      await migrate(settings, contexts, backup.manifest.migrations);
      await loadBackup(backup, server.url, print, signal);
      signal.throwIfAborted();
      await migrate(settings, contexts);
      await hold(settings, reason);
      signal.throwIfAborted();
    } finally {
      await server.stop();
    }
  } catch (error) {
    await clear(folder);
    throw error;
  }
}

async function clear(folder: string): Promise<void> {
  const left = runningOn(folder);
  if (left) await stopPostmaster(left.pid);
  rmSync(folder, { recursive: true, force: true });
}

async function hold(config: Config, reason: string): Promise<void> {
  const module = {
    module: DeliveryHoldModule,
    imports: platformModules(config, 'restore', [deliveryPersistence]),
  };
  const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  try {
    await app.get(CommandBus).execute(new HoldSending(reason));
  } finally {
    await app.close();
  }
}
