import { LockMode } from '@mikro-orm/core';
import type { Database } from '#platform/persistence';
import { User } from '../domain/user.ts';

/** The account, locked until the transaction ends; null once it is deleted or banned. */
export const lockAccount = (database: Database, id: string): Promise<User | null> =>
  database.entities.findOne(User, { id, bannedAt: null }, { lockMode: LockMode.PESSIMISTIC_WRITE });
