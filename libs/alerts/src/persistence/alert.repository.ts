import { LockMode } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { Database } from '#platform/persistence';
import { alertNotFound } from '../domain/alert.errors.ts';
import { Alert } from '../domain/alert.ts';

@Injectable()
export class AlertRepository {
  constructor(private readonly database: Database) {}

  add(alert: Alert): void {
    this.database.entities.persist(alert);
  }

  /**
   * The alert, locked until the transaction ends.
   * @throws DomainError alerts.not-found, also for another person's
   */
  async ofOwner(id: string, userId: string): Promise<Alert> {
    const options = { lockMode: LockMode.PESSIMISTIC_WRITE };
    const alert = await this.database.entities.findOne(Alert, { id, userId }, options);
    if (!alert) throw alertNotFound();
    return alert;
  }

  /**
   * The trade through which the engines have compared an alert as it stands; null while none has said so. Cursors
   * speak of all alerts that were last changed before a transaction of theirs.
   */
  async comparedThrough(id: string): Promise<number | null> {
    const [cursor] = await this.database.sql<{ tick: number }>`
      select cursor.tick_id as tick
      from alerts.alerts as alert
      join alerts.cursors as cursor on cursor.symbol = alert.symbol and cursor.source = alert.reference_source
      where alert.id = ${id} and alert.changed_in < cursor.loaded_through`;
    return cursor?.tick ?? null;
  }
}
