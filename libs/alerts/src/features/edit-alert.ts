import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs';
import { FindInstrument, FindLastTick } from '#libs/market-data/contracts';
import { Clock, type ExpectedVersions } from '#kernel';
import { OwnerCache } from '#platform/cache';
import { Database } from '#platform/persistence';
import { unknownSymbol } from '../domain/alert.errors.ts';
import type { AlertChanges } from '../domain/alert.ts';
import { AlertRepository } from '../persistence/alert.repository.ts';
import { alertList } from './list-alerts.ts';
import { recordHistory } from './record-history.ts';

/** Changes what is given of an alert: its condition, its note, whether it is paused. */
export class EditAlert extends Command<void> {
  constructor(
    readonly id: string,
    readonly userId: string,
    readonly expected: ExpectedVersions,
    readonly changes: AlertChanges,
    /** JSON Pointer to the condition's value in the caller's body. */
    readonly valuePointer: string,
  ) {
    super();
  }
}

@CommandHandler(EditAlert)
export class EditAlertHandler implements ICommandHandler<EditAlert> {
  constructor(
    private readonly database: Database,
    private readonly queries: QueryBus,
    private readonly alerts: AlertRepository,
    private readonly lists: OwnerCache,
    private readonly clock: Clock,
  ) {}

  async execute({ id, userId, expected, changes, valuePointer }: EditAlert): Promise<void> {
    await this.database.transaction(async () => {
      const alert = await this.alerts.ofOwner(id, userId);
      alert.expect(expected);
      const instrument = await this.queries.execute(new FindInstrument(alert.symbol));
      if (!instrument) throw unknownSymbol(alert.symbol, { pointer: valuePointer });
      const last = await this.queries.execute(new FindLastTick(alert.symbol));
      const comparedThrough = await this.alerts.comparedThrough(id);
      const rules = { valuePointer, priceScale: instrument.priceScale };
      const happened = alert.edit(changes, rules, { last, comparedThrough });
      await this.database.entities.flush();
      const at = this.clock.now();
      await recordHistory(
        this.database,
        happened.map((type) => ({ alertId: id, type, at, actor: 'user' as const })),
      );
      await this.database.afterCommit(() => this.lists.changed(alertList, [userId]));
    });
  }
}
