import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { Database } from '#platform/persistence';
import { alertNotFound } from '../domain/alert.errors.ts';
import { type AlertView, readAlert } from './alert-view.ts';

export class FindAlert extends Query<AlertView> {
  constructor(
    readonly id: string,
    readonly userId: string,
  ) {
    super();
  }
}

@QueryHandler(FindAlert)
export class FindAlertHandler implements IQueryHandler<FindAlert> {
  constructor(private readonly database: Database) {}

  async execute({ id, userId }: FindAlert): Promise<AlertView> {
    const alert = await readAlert(this.database, id, userId);
    if (!alert) throw alertNotFound();
    return alert;
  }
}
