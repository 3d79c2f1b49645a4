import { LockMode } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import type { Principal } from '#platform/http';
import { Database, fragment } from '#platform/persistence';
import { notificationNotFound } from '../domain/notification.errors.ts';
import { Notification } from '../domain/notification.ts';

/** Everybody sees their own; operators and administrators share manual and campaign ones. */
export const visibleTo = ({ userId, role }: Pick<Principal, 'userId' | 'role'>) =>
  role === 'user'
    ? fragment`owner_id = ${userId}`
    : fragment`(owner_id = ${userId} or kind in ('manual', 'campaign'))`;

@Injectable()
export class NotificationRepository {
  constructor(private readonly database: Database) {}

  add(notification: Notification): void {
    this.database.entities.persist(notification);
  }

  /** Adds any number of notifications in one statement. */
  async addAll(notifications: readonly Notification[]): Promise<void> {
    await this.database.sql`
      insert into notifications.notifications (id, kind, owner_id, subject, message, line_items, recipients,
        firings, status, version, created_at, send_at, requested, counts, deletion)
      select id, kind, "ownerId", subject, message, "lineItems", recipients,
        firings, status, version, "createdAt", "sendAt", requested, counts, deletion
      from json_to_recordset(${JSON.stringify(notifications)}::json) as given(
        id uuid, kind text, "ownerId" uuid, subject text, message text, "lineItems" jsonb, recipients jsonb,
        firings jsonb, status text, version integer, "createdAt" timestamptz, "sendAt" timestamptz,
        requested integer, counts jsonb, deletion jsonb)`;
  }

  /**
   * The notification, locked until the transaction ends.
   * @throws DomainError notifications.not-found, also for one that the principal may not see
   */
  async visibleTo(principal: Principal, id: string): Promise<Notification> {
    const [row] = await this.database.sql`
      select id from notifications.notifications where id = ${id} and ${visibleTo(principal)}`;
    if (!row) throw notificationNotFound();
    return this.locked(id);
  }

  /** The notification, whoever asks, locked until the transaction ends. */
  locked(id: string): Promise<Notification> {
    return this.database.entities.findOneOrFail(
      Notification,
      { id },
      { lockMode: LockMode.PESSIMISTIC_WRITE },
    );
  }
}
