import { AlertDeleted } from '#libs/alerts/contracts';
import { type Reaction, ReactsWithin } from '#platform/messaging';
import { StopSource } from './stop-source.ts';

/** A deleted alert sends nothing any more. */
@ReactsWithin(AlertDeleted)
export class OnAlertDeleted implements Reaction<AlertDeleted> {
  constructor(private readonly sources: StopSource) {}

  react({ payload }: AlertDeleted): Promise<void> {
    return this.sources.stop({ type: 'alert', id: payload.alertId });
  }
}
