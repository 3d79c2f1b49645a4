import 'reflect-metadata';
import { createSecretKey, randomUUID } from 'node:crypto';
import { Controller, Get, Module, Post, Req, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ExtractJwt, Strategy } from 'passport-jwt';
import pg from 'pg';

// What the api is measured against, as small as it can be written: a Nest handler on Fastify behind a JWT check that
// returns JSON which it has already, or asks `pg` and nothing else. No decorator syntax: Node runs this file as it is.

const { PORT, DATABASE_URL, JWT_SECRET = '', ANSWER = 'null' } = process.env;
const answer: unknown = JSON.parse(ANSWER);
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 });
const wholeNumbers = new pg.TypeOverrides();
wholeNumbers.setTypeParser(pg.types.builtins.INT8, Number);

class AccessToken extends PassportStrategy(Strategy, 'access-token') {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      // As in the api: jsonwebtoken is three times as fast with a key object, which the types do not know.
      secretOrKey: createSecretKey(Buffer.from(JWT_SECRET)) as unknown as Buffer,
      algorithms: ['HS256'],
      issuer: 'tocsin',
      audience: 'tocsin-api',
    });
  }

  validate({ sub }: { sub: string }): { userId: string } {
    return { userId: sub };
  }
}

/** The statements of `GET /v1/alerts`, word for word, asked as `pg` is asked by default: without a name. */
const count = 'select count(*) as total from alerts.alerts where user_id = $1';
const list = `
  select id, symbol, json_build_object('operator', operator, 'value', trim_scale(target)::text) as condition, direction,
    trim_scale(reference_price)::text as "referencePrice", reference_trade_id as "referenceTradeId",
    reference_at as "referenceAt", 'once' as frequency, null as cooldown, null as "expiresAt", note,
    array['email'] as channels, status, version, created_at as "createdAt", triggered_at as "triggeredAt",
    trim_scale(triggered_price)::text as "triggeredPrice", trigger_count as "triggerCount", deleted_at as "deletedAt"
  from alerts.alerts where user_id = $1 order by id desc limit $2 offset $3`;

interface Caller {
  readonly user: { readonly userId: string };
}

class Bare {
  ready(): unknown {
    return answer;
  }

  async list({ user: { userId } }: Caller): Promise<object> {
    const [counted, found] = await Promise.all([
      pool.query<{ total: number }>({ text: count, values: [userId], types: wholeNumbers }),
      pool.query<object>({ text: list, values: [userId, 10, 0], types: wholeNumbers }),
    ]);
    return { items: found.rows, total: counted.rows[0]?.total, page: 1, perPage: 10, totalExact: true };
  }

  /** The rows that `POST /v1/alerts` writes, in one transaction. */
  async create({ user: { userId } }: Caller): Promise<object> {
    const id = randomUUID();
    const client = await pool.connect();
    try {
      await client.query('begin');
      await client.query(
        `insert into alerts.alerts (id, user_id, symbol, operator, target, status, created_at)
         values ($1, $2, 'BTC-USD', 'crossing', 33000, 'active', now())`,
        [id, userId],
      );
      await client.query(
        `insert into platform.outbox (id, type, payload, occurred_at)
         values ($1, 'alerts.alert-created.v1', '{"symbol": "BTC-USD"}', now())`,
        [randomUUID()],
      );
      await client.query(
        `insert into alerts.history (alert_id, type, at, actor) values ($1, 'created', now(), 'user')`,
        [id],
      );
      await client.query('commit');
    } finally {
      client.release();
    }
    return { id };
  }
}

const methodOf = (name: keyof Bare) => Object.getOwnPropertyDescriptor(Bare.prototype, name) ?? {};
Controller()(Bare);
UseGuards(AuthGuard('access-token'))(Bare);
Get('ready')(Bare.prototype, 'ready', methodOf('ready'));
Get('list')(Bare.prototype, 'list', methodOf('list'));
Post('create')(Bare.prototype, 'create', methodOf('create'));
for (const name of ['list', 'create'] as const) Req()(Bare.prototype, name, 0);

class BareModule {}
Module({ imports: [PassportModule], controllers: [Bare], providers: [AccessToken] })(BareModule);

const app = await NestFactory.create<NestFastifyApplication>(BareModule, new FastifyAdapter(), {
  logger: false,
});
await app.listen(Number(PORT), '127.0.0.1');
