import { Injectable } from '@nestjs/common';
import { Database } from '#platform/persistence';
import { Sealer } from '#platform/secrets';

const purpose = 'delivery.suppression';

/**
 * Addresses that nothing is sent to: their owner wants nothing, or an operator wants it so. Only a keyed hash of each is
 * kept, which tells nobody whose it is.
 */
@Injectable()
export class Suppressions {
  constructor(
    private readonly database: Database,
    private readonly sealer: Sealer,
  ) {}

  /** By what its owner did, which they undo themselves. */
  async add(address: string, reason: 'account-deleted'): Promise<void> {
    await this.database.sql`
      insert into delivery.suppressions (address_hash, reason) values (${this.hash(address)}, ${reason})
      on conflict (address_hash) do nothing`;
  }

  /** Its owner wants mail again; what an operator said stays. */
  async lift(address: string): Promise<void> {
    await this.database.sql`delete from delivery.suppressions where address_hash = ${this.hash(address)}`;
  }

  /** Those of the addresses that are suppressed, as they are written. */
  async among(addresses: readonly string[]): Promise<Set<string>> {
    if (addresses.length === 0) return new Set();
    const hashes = new Map(addresses.map((address) => [address, this.hash(address)]));
    const wanted = [...hashes.values()];
    const rows = await this.database.sql<{ hash: Buffer }>`
      select address_hash as hash from delivery.suppressions where address_hash = any(${wanted}::bytea[])
      union
      select address_hash from delivery.operator_suppressions where address_hash = any(${wanted}::bytea[])`;
    const suppressed = new Set(rows.map(({ hash }) => hash.toString('hex')));
    return new Set(addresses.filter((address) => suppressed.has(hashes.get(address)?.toString('hex') ?? '')));
  }

  /** In whatever case and with whatever space around it the address is written. */
  hash(address: string): Buffer {
    return this.sealer.hash(purpose, address.trim().toLowerCase());
  }
}
