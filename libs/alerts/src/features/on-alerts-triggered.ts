import { OwnerCache } from '#platform/cache';
import { type Reaction, ReactsTo } from '#platform/messaging';
import { AlertsTriggered } from '../contracts/index.ts';
import { alertList } from './list-alerts.ts';

/** Tells the owners' lists of each firing, also of one whose engine died before it could. */
@ReactsTo(AlertsTriggered)
export class OnAlertsTriggered implements Reaction<AlertsTriggered> {
  constructor(private readonly lists: OwnerCache) {}

  react({ payload: { alerts } }: AlertsTriggered): Promise<void> {
    return this.lists.changed(
      alertList,
      alerts.map(({ userId }) => userId),
    );
  }
}
