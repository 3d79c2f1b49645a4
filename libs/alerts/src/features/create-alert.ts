import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs';
import { HoldAccounts, sessionEnded } from '#libs/identity/contracts';
import { FindInstrument, FindLastTick } from '#libs/market-data/contracts';
import { Clock } from '#kernel';
import { OwnerCache } from '#platform/cache';
import { Database } from '#platform/persistence';
import { unknownSymbol } from '../domain/alert.errors.ts';
import { Alert } from '../domain/alert.ts';
import type { PriceCondition } from '../domain/price-condition.ts';
import { AlertRepository } from '../persistence/alert.repository.ts';
import { alertList } from './list-alerts.ts';
import { recordHistory } from './record-history.ts';

/**
 * Returns the id of the new alert.
 * @throws DomainError alerts.unknown-symbol, alerts.target-at-price, alerts.target-out-of-range,
 * identity.session-ended when the account was deleted meanwhile
 */
export class CreateAlert extends Command<string> {
  constructor(
    readonly userId: string,
    /** A symbol or one of its aliases, in any case. */
    readonly symbol: string,
    readonly condition: PriceCondition,
    readonly note: string | null,
    /** JSON Pointer to the condition's value in the caller's body. */
    readonly valuePointer: string,
  ) {
    super();
  }
}

@CommandHandler(CreateAlert)
export class CreateAlertHandler implements ICommandHandler<CreateAlert> {
  constructor(
    private readonly database: Database,
    private readonly queries: QueryBus,
    private readonly alerts: AlertRepository,
    private readonly lists: OwnerCache,
    private readonly clock: Clock,
  ) {}

  async execute({ userId, symbol, condition, note, valuePointer }: CreateAlert): Promise<string> {
    const instrument = await this.queries.execute(new FindInstrument(symbol));
    if (!instrument) throw unknownSymbol(symbol, { pointer: '/symbol' });
    const last = await this.queries.execute(new FindLastTick(instrument.symbol));
    const now = this.clock.now();
    const request = { userId, symbol: instrument.symbol, condition, note, valuePointer };
    const alert = Alert.create({ ...request, priceScale: instrument.priceScale }, last, now);
    await this.database.transaction(async () => {
      const [owner] = await this.queries.execute(new HoldAccounts([userId]));
      if (!owner) throw sessionEnded();
      this.alerts.add(alert);
      await this.database.entities.flush();
      await recordHistory(this.database, [{ alertId: alert.id, type: 'created', at: now, actor: 'user' }]);
      await this.database.afterCommit(() => this.lists.changed(alertList, [userId]));
    });
    return alert.id;
  }
}
