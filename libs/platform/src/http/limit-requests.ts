import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { Config } from '../config/index.ts';
import { clientAddress, networkOf } from './client-address.ts';
import type { Principal } from './principal.ts';
import { isProbe } from './probe.ts';
import type { Policy, RateLimit } from './rate-limit.ts';
import { RateLimits } from './rate-limits.ts';

/** Every request of an address, before any work is done for it: an office of people, or somebody guessing tokens. */
const addresses: Policy = { name: 'address', quota: 6_000, windowSeconds: 60 };
/** Twenty a second: a page that polls, a script and a test suite of one person together do not come near it. */
const accounts: Policy = { name: 'account', quota: 1_200, windowSeconds: 60 };

/** Limits what an address and, once it is known, an account may ask for in a minute, unless `RATE_LIMIT` is off. */
export function limitRequests(app: NestFastifyApplication): void {
  if (!app.get(Config).rateLimit) return;
  const limits = app.get(RateLimits);
  const ofAddresses = limits.of(addresses);
  const ofAccounts = limits.of(accounts);
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', async (request, reply) => {
      // A probe or a scrape that is refused would look like an outage.
      if (isProbe(request)) return;
      await ofAddresses.admit(networkOf(clientAddress(request)), reply);
    });
  // After the guards that modules provide, so after the one that knows the account.
  app.useGlobalGuards(new AccountLimit(ofAccounts));
}

class AccountLimit implements CanActivate {
  constructor(private readonly limit: RateLimit) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const { user } = http.getRequest<{ user?: Principal }>();
    if (user) await this.limit.admit(user.userId, http.getResponse<FastifyReply>());
    return true;
  }
}
