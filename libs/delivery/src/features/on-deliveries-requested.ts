import { newId } from '#kernel';
import { DeliveriesRequested, type RequestedDelivery } from '#libs/notifications/contracts';
import { Config } from '#platform/config';
import { Outbox, type Reaction, ReactsTo } from '#platform/messaging';
import { Database } from '#platform/persistence';
import type { Source } from '../contracts/index.ts';
import { progressOf } from './progress.ts';

/** Makes a delivery for each recipient. Under a deleted source it is made cancelled, so that counts stay true. */
@ReactsTo(DeliveriesRequested)
export class OnDeliveriesRequested implements Reaction<DeliveriesRequested> {
  private readonly host: string;

  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    config: Config,
  ) {
    this.host = /@([^@>\s]+)>?\s*$/.exec(config.mailFrom)?.[1] ?? 'localhost';
  }

  async react({ payload }: DeliveriesRequested): Promise<void> {
    const deleted = await this.lock(payload.deliveries.flatMap(sourcesOf));
    const messages = payload.deliveries.map((requested) => ({
      id: newId(),
      notification_id: requested.notificationId,
      subject: requested.subject,
      text: requested.text,
      html: requested.html,
      recipients: requested.recipients,
      sources: sourcesOf(requested),
    }));
    const deliveries = messages.flatMap((message) => {
      const stopped = message.sources.some((source) => deleted.has(keyOf(source)));
      return message.recipients.map(({ channel, to }) => {
        const id = newId();
        const { id: message_id, notification_id, sources } = message;
        const status = stopped ? ('cancelled' as const) : ('pending' as const);
        const header = `<${id}@${this.host}>`;
        return { id, message_id, notification_id, channel, recipient: to, status, header, sources };
      });
    });
    await this.insert(messages, deliveries);
    await this.outbox.append(
      progressOf(
        deliveries.map(({ notification_id: notificationId, status: to }) => ({
          notificationId,
          from: null,
          to,
        })),
      ),
    );
  }

  /** Makes the sources known, share-locks them in order, and returns the keys of the deleted ones. */
  private async lock(sources: readonly Source[]): Promise<Set<string>> {
    const wanted = JSON.stringify(sources);
    await this.database.sql`
      insert into delivery.sources (type, id)
      select distinct type, id from json_to_recordset(${wanted}::json) as wanted(type text, id uuid)
      order by type, id on conflict do nothing`;
    const locked = await this.database.sql<Source & { deleted_at: Date | null }>`
      select type, id, deleted_at from delivery.sources
      where (type, id) in (select type, id from json_to_recordset(${wanted}::json) as wanted(type text, id uuid))
      order by type, id for share`;
    return new Set(locked.filter((source) => source.deleted_at !== null).map(keyOf));
  }

  private async insert(messages: readonly object[], deliveries: readonly object[]): Promise<void> {
    await this.database.sql`
      insert into delivery.messages (id, notification_id, subject, text, html)
      select id, notification_id, subject, text, html
      from json_to_recordset(${JSON.stringify(messages)}::json)
        as message(id uuid, notification_id uuid, subject text, text text, html text)`;
    const rows = JSON.stringify(deliveries);
    await this.database.sql`
      insert into delivery.deliveries
        (id, message_id, notification_id, channel, recipient, message_id_header, status, reason, settled_at)
      select id, message_id, notification_id, channel, recipient, header, status,
        case status when 'cancelled' then 'source-deleted' end, case status when 'cancelled' then now() end
      from json_to_recordset(${rows}::json) as delivery(id uuid, message_id uuid, notification_id uuid,
        channel text, recipient text, header text, status text)`;
    await this.database.sql`
      insert into delivery.delivery_sources (source_type, source_id, delivery_id)
      select source.type, source.id, delivery.id
      from json_to_recordset(${rows}::json) as delivery(id uuid, sources json),
        json_to_recordset(delivery.sources) as source(type text, id uuid)`;
  }
}

function sourcesOf({ notificationId, alertIds }: RequestedDelivery): Source[] {
  const alerts = [...new Set(alertIds)].map((id) => ({ type: 'alert' as const, id }));
  return [{ type: 'notification', id: notificationId }, ...alerts];
}

function keyOf({ type, id }: Source): string {
  return `${type} ${id}`;
}
