import { Injectable } from '@nestjs/common';
import { Outbox } from '#platform/messaging';
import { Database } from '#platform/persistence';
import type { Source } from '../contracts/index.ts';
import { endUnfinished } from './end-unfinished.ts';
import { lockSource, underDeletedSource } from './lock-sources.ts';

/** Deletes a source: nothing that stems from it is claimed any more. Runs in the deleting transaction. */
@Injectable()
export class StopSource {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
  ) {}

  async stop({ type, id }: Source): Promise<void> {
    await lockSource(this.database, { type, id });
    // Creating deliveries shares the row itself. A statement of its own: only the next one sees what those committed.
    await this.database.sql`
      insert into delivery.sources as known (type, id, deleted_at) values (${type}, ${id}, now())
      on conflict (type, id) do update set deleted_at = coalesce(known.deleted_at, excluded.deleted_at)`;
    const unfinished = await this.database.sql<{ id: string }>`
      select delivery.id
      from delivery.deliveries as delivery
      join delivery.delivery_sources as link on link.delivery_id = delivery.id
      where link.source_type = ${type} and link.source_id = ${id} and delivery.status in ('pending', 'retrying')
      order by delivery.id for update of delivery`;
    await this.end(unfinished);
  }

  /** The finaliser: ends whatever is unfinished under a deleted source, should something ever be left there. */
  async finalise(): Promise<number> {
    return this.database.transaction(async () => {
      const left = await this.database.sql<{ id: string }>`
        select delivery.id from delivery.deliveries as delivery
        where delivery.status in ('pending', 'retrying') and ${underDeletedSource}
        order by delivery.id limit 500 for update of delivery skip locked`;
      await this.end(left);
      return left.length;
    });
  }

  private async end(deliveries: readonly { readonly id: string }[]): Promise<void> {
    const ids = deliveries.map(({ id }) => id);
    await this.outbox.append(await endUnfinished(this.database, ids, 'source-deleted'));
  }
}
