import { AlertCreated } from '#libs/alerts/contracts';
import { type Reaction, ReactsTo } from '#platform/messaging';
import { Database } from '#platform/persistence';

/** Follows the symbol of every alert; the processes that run feeds look for new ones each second. */
@ReactsTo(AlertCreated)
export class OnAlertCreated implements Reaction<AlertCreated> {
  constructor(private readonly database: Database) {}

  async react({ payload: { symbol } }: AlertCreated): Promise<void> {
    await this.database.sql`
      insert into market_data.watched_symbols (symbol) values (${symbol}) on conflict do nothing`;
  }
}
