import { Injectable } from '@nestjs/common';
import { newId } from '#kernel';
import { Config } from '#platform/config';
import { Database } from '#platform/persistence';
import type { DeliveryState, Source } from '../contracts/index.ts';

/** A message to one recipient. */
export interface NewDelivery {
  readonly id: string;
  readonly channel: string;
  readonly to: string;
  readonly status: Extract<DeliveryState, 'pending' | 'cancelled' | 'suppressed'>;
  /** Why nothing is to be sent; null for what is pending. */
  readonly reason: string | null;
}

/** A message with everybody it goes to, and what it stems from. */
export interface NewMessage {
  /** Null for one that tells of an account: nobody counts its deliveries, and it is wiped when they have ended. */
  readonly notificationId: string | null;
  /** Goes after alerts and mails about accounts. */
  readonly bulk: boolean;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly sources: readonly Source[];
  readonly deliveries: readonly NewDelivery[];
}

/** Writes new deliveries in the transaction that decides to send them. */
@Injectable()
export class MakeDeliveries {
  private readonly host: string;

  constructor(
    private readonly database: Database,
    config: Config,
  ) {
    this.host = /@([^@>\s]+)>?\s*$/.exec(config.mailFrom)?.[1] ?? 'localhost';
  }

  /** Makes the sources known, share-locks them in order, and returns the keys of the deleted ones. */
  async lock(sources: readonly Source[]): Promise<Set<string>> {
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

  /** Any number of messages in three statements; the caller holds their sources locked. */
  async make(given: readonly NewMessage[]): Promise<void> {
    const messages = given.map((message) => ({ id: newId(), ...message }));
    const deliveries = messages.flatMap(
      ({ id: messageId, notificationId, bulk, sources, deliveries: made }) =>
        made.map((delivery) => {
          const header = this.headerOf(delivery.id);
          return { ...delivery, messageId, notificationId, bulk, header, sources };
        }),
    );
    await this.database.sql`
      insert into delivery.messages (id, notification_id, subject, text, html)
      select id, "notificationId", subject, text, html
      from json_to_recordset(${JSON.stringify(messages)}::json)
        as message(id uuid, "notificationId" uuid, subject text, text text, html text)`;
    const rows = JSON.stringify(deliveries);
    await this.database.sql`
      insert into delivery.deliveries
        (id, message_id, notification_id, bulk, channel, recipient, message_id_header, status, reason, settled_at)
      select id, "messageId", "notificationId", bulk, channel, "to", header, status, reason,
        case when status <> 'pending' then now() end
      from json_to_recordset(${rows}::json) as delivery(id uuid, "messageId" uuid, "notificationId" uuid,
        bulk boolean, channel text, "to" text, header text, status text, reason text)`;
    await this.database.sql`
      insert into delivery.delivery_sources (source_type, source_id, delivery_id)
      select source.type, source.id, delivery.id
      from json_to_recordset(${rows}::json) as delivery(id uuid, sources json),
        json_to_recordset(delivery.sources) as source(type text, id uuid)`;
  }

  /**
   * Makes another delivery of the same message to the same recipient, with the same sources and a Message-ID of its own;
   * each of the two names the other. The caller holds the sources and the row locked.
   */
  async again(deliveryId: string): Promise<string> {
    const id = newId();
    await this.database.sql`
      insert into delivery.deliveries
        (id, message_id, notification_id, bulk, channel, recipient, message_id_header, status, retry_of)
      select ${id}, message_id, notification_id, bulk, channel, recipient, ${this.headerOf(id)}, 'pending', id
      from delivery.deliveries where id = ${deliveryId}`;
    await this.database.sql`
      insert into delivery.delivery_sources (source_type, source_id, delivery_id)
      select source_type, source_id, ${id} from delivery.delivery_sources where delivery_id = ${deliveryId}`;
    await this.database.sql`
      update delivery.deliveries set retried_by = ${id} where id = ${deliveryId}`;
    return id;
  }

  private headerOf(deliveryId: string): string {
    return `<${deliveryId}@${this.host}>`;
  }
}

/** Names a source among those of {@link MakeDeliveries.lock}. */
export const keyOf = ({ type, id }: Source): string => `${type} ${id}`;
