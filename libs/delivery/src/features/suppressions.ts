import { Injectable } from '@nestjs/common';
import { Database } from '#platform/persistence';
import { Sealer } from '#platform/secrets';

const purpose = 'delivery.suppression';

/** Addresses that nothing is sent to. Only a keyed hash of each is kept, which tells nobody whose it is. */
@Injectable()
export class Suppressions {
  constructor(
    private readonly database: Database,
    private readonly sealer: Sealer,
  ) {}

  async add(address: string, reason: 'account-deleted'): Promise<void> {
    await this.database.sql`
      insert into delivery.suppressions (address_hash, reason) values (${this.hash(address)}, ${reason})
      on conflict (address_hash) do nothing`;
  }

  async lift(address: string): Promise<void> {
    await this.database.sql`delete from delivery.suppressions where address_hash = ${this.hash(address)}`;
  }

  /** Those of the addresses that are suppressed, with the reason. */
  async among(addresses: readonly string[]): Promise<Map<string, string>> {
    const hashes = new Map(addresses.map((address) => [address, this.hash(address)]));
    const rows = await this.database.sql<{ hash: Buffer; reason: string }>`
      select address_hash as hash, reason from delivery.suppressions
      where address_hash = any(${[...hashes.values()]}::bytea[])`;
    const reasons = new Map(rows.map(({ hash, reason }) => [hash.toString('hex'), reason]));
    return new Map(
      [...hashes].flatMap(([address, hash]) => {
        const reason = reasons.get(hash.toString('hex'));
        return reason === undefined ? [] : [[address, reason] as const];
      }),
    );
  }

  /** In whatever case and with whatever space around it the address is written. */
  private hash(address: string): Buffer {
    return this.sealer.hash(purpose, address.trim().toLowerCase());
  }
}
