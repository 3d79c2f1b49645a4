import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { DemoAccountSeeded, FindContacts } from '#libs/identity/contracts';
import { type Reaction, ReactsTo } from '#platform/messaging';
import { CreateAlert } from './create-alert.ts';

/** A level that the simulated market, a wave around 100, reaches every few seconds. */
const demoTarget = '103';

/** Gives the demo account the alert that shows, within seconds, what Tocsin does. */
@ReactsTo(DemoAccountSeeded)
export class OnDemoAccountSeeded implements Reaction<DemoAccountSeeded> {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  async react({ payload: { userId } }: DemoAccountSeeded): Promise<void> {
    const [owner] = await this.queries.execute(new FindContacts([userId]));
    // Deleted again before this was relayed.
    if (!owner) return;
    const condition = { operator: 'crossing', value: demoTarget } as const;
    await this.commands.execute(
      new CreateAlert(userId, 'DEMO-USD', condition, 'Your first alert, on a simulated market.', '/target'),
    );
  }
}
