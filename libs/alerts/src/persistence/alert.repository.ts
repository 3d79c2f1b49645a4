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
}
