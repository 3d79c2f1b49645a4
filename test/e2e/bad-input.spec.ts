import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { newId } from '#kernel';
import { type Answer, type Api, type Caller, type Request, startApi } from '../support/api.ts';

let api: Api;
let admin: Caller;

beforeAll(async () => {
  api = await startApi(inject('postgresUrl'));
  admin = await api.person('admin');
  await api.lastPrice('BTC-USD', '33000.50');
});
afterAll(() => api.close());

const post = (url: string, body: object | string, headers?: Record<string, string>) =>
  api.call({ method: 'POST', url, as: admin, body, ...(headers ? { headers } : {}) });
const get = (url: string) => api.call({ url, as: admin });

/** Where the faults are; that each has a sentence, every call of the api has seen to. */
const faults = ({ status, body }: Answer) => {
  const errors = (body['errors'] ?? []) as { pointer?: string; parameter?: string; detail: string }[];
  return { status, places: errors.map(({ pointer, parameter }) => pointer ?? `?${parameter}`) };
};
const invalid = (...places: string[]) => ({ status: 422, places });

/** JSON of about this many levels. */
const nested = (levels: number) => `${'[['.repeat(levels / 2)}${']]'.repeat(levels / 2)}`;
const halfACharacter = '\ud83d';

describe('an alert', () => {
  const alert = { symbol: 'ETH-USD', target: '33000' };
  const condition = { operator: 'crossing', value: '33000' };

  it.each<[string, object, ...string[]]>([
    ['an unknown symbol', { symbol: 'NOPE-USD' }, '/symbol'],
    ['no symbol', { symbol: undefined }, '/symbol'],
    ['an empty symbol', { symbol: ' ' }, '/symbol'],
    ['a long symbol', { symbol: 'B'.repeat(33) }, '/symbol'],
    ['a symbol that is a number', { symbol: 1 }, '/symbol'],
    ['a symbol with NUL', { symbol: 'BTC\0' }, '/symbol'],
    ['a symbol that is a property of every object', { symbol: '__proto__' }, '/symbol'],
    ['a target of zero', { target: '0' }, '/target'],
    ['a target of zero with decimals', { target: '0.000' }, '/target'],
    ['a target of negative zero', { target: -0 }, '/target'],
    ['a negative target', { target: '-1' }, '/target'],
    ['a negative number', { target: -33000.5 }, '/target'],
    ['more decimals than a price has', { target: '0.000000001' }, '/target'],
    ['absurd precision', { target: `1.${'1'.repeat(21)}` }, '/target'],
    ['an absurdly large target', { target: '1000000000.01' }, '/target'],
    ['a thousand digits', { target: '9'.repeat(1000) }, '/target'],
    ['text', { target: 'a lot' }, '/target'],
    ['no text', { target: '' }, '/target'],
    ['a decimal comma', { target: '33000,5' }, '/target'],
    ['grouped digits', { target: '33,000' }, '/target'],
    ['an exponent', { target: '3e4' }, '/target'],
    ['a number that JavaScript writes with an exponent', { target: 1e300 }, '/target'],
    ['hexadecimal digits', { target: '0xff' }, '/target'],
    ["digits that are not Postgres's", { target: '٣٣٠٠٠' }, '/target'],
    ['infinity', { target: 'Infinity' }, '/target'],
    ['not a number', { target: 'NaN' }, '/target'],
    ['a target that is true', { target: true }, '/target'],
    ['a target that is null', { target: null }, '/target'],
    ['a target in a list', { target: ['33000'] }, '/target'],
    ['a target that is an object', { target: { value: '33000' } }, '/target'],
    ['both target and condition', { condition }, '/target'],
    ['neither target nor condition', { target: undefined }, '/target'],
    [
      'an unsupported operator',
      { target: undefined, condition: { ...condition, operator: 'near' } },
      '/condition/operator',
    ],
    [
      'a condition without value',
      { target: undefined, condition: { operator: 'crossing' } },
      '/condition/value',
    ],
    ['a condition of zero', { target: undefined, condition: { ...condition, value: 0 } }, '/condition/value'],
    [
      'a condition with more',
      { target: undefined, condition: { ...condition, upper: '1' } },
      '/condition/upper',
    ],
    ['a condition that is text', { target: undefined, condition: 'crossing 33000' }, '/condition'],
    ['an unsupported frequency', { frequency: 'hourly' }, '/frequency'],
    ['a frequency that is a number', { frequency: 1 }, '/frequency'],
    ['a cooldown that is no duration', { cooldown: 'an hour' }, '/cooldown'],
    ['an expiry, which is not there yet', { expiresAt: '2030-01-01T00:00:00Z' }, '/expiresAt'],
    ['an unsupported channel', { channels: ['pigeon'] }, '/channels/0'],
    ['no channel', { channels: [] }, '/channels'],
    ['a channel twice', { channels: ['email', 'email'] }, '/channels'],
    ['a channel that is no list', { channels: 'email' }, '/channels'],
    ['a note that is too long', { note: 'x'.repeat(1001) }, '/note'],
    ['a note that is an object', { note: {} }, '/note'],
    ['a note with NUL', { note: 'sell\0' }, '/note'],
    ['a note with half a character', { note: `sell ${halfACharacter}` }, '/note'],
    ['unknown properties', { colour: 'red', 'a/b~c': 1 }, '/colour', '/a~1b~0c'],
    ['properties of another person', { userId: newId(), status: 'triggered' }, '/userId', '/status'],
    ['properties of every object', { toString: 1, constructor: 1 }, '/toString', '/constructor'],
    ['several faults at once', { symbol: '', target: 'x', note: 1 }, '/symbol', '/target', '/note'],
  ])('is refused with %s', async (_, changed, ...places) => {
    expect(faults(await post('/v1/alerts', { ...alert, ...changed }))).toEqual(invalid(...places));
  });

  it.each(['33000.5', 33000.5, '33000.50', '33000.500000000'])(
    'is refused with a target of %j where the last price is that',
    async (target) => {
      const answer = await post('/v1/alerts', { symbol: 'btc', target });
      expect(answer).toMatchObject({ status: 422, body: { code: 'alerts.target-at-price' } });
      for (const said of ['33000.5 ', 'greater_than', 'less_than'])
        expect(answer.body['detail']).toContain(said);
      expect(faults(answer)).toEqual(invalid('/target'));
      const same = await post('/v1/alerts', {
        symbol: 'btc',
        condition: { operator: 'crossing', value: target },
      });
      expect(faults(same)).toEqual(invalid('/condition/value'));
    },
  );

  it('leaves nothing behind when it was refused', async () => {
    expect((await get('/v1/alerts')).body).toMatchObject({ total: 0 });
    expect(await api.database.sql`select type from platform.outbox where type like 'alerts.%'`).toEqual([]);
  });

  it.each<[string, ...string[]]>([
    ['status=open', '?status'],
    ['status=active,open', '?status'],
    ['status=active&status=deleted', '?status'],
    ['status=Active', '?status'],
    ['page=0', '?page'],
    ['page=-1', '?page'],
    ['page=1.5', '?page'],
    ['page=abc', '?page'],
    ['page=', '?page'],
    ['page=1e3', '?page'],
    ['page=0x1', '?page'],
    ['page=1&page=2', '?page'],
    ['page=99999999999999999999', '?page'],
    ['per_page=0', '?per_page'],
    ['per_page=101', '?per_page'],
    ['per_page=%00', '?per_page'],
    ['perPage=5', '?perPage'],
    ['page[]=1', '?page[]'],
    ['symbol=NOPE-USD', '?symbol'],
    ['symbol=BTC-USD,%00', '?symbol'],
    ['symbol=%ED%A0%80', '?symbol'],
    [`symbol=${'B'.repeat(1001)}`, '?symbol'],
    ['symbol=btc&symbol=eth', '?symbol'],
    ['__proto__=1', '?__proto__'],
    ['constructor=1&toString=2', '?constructor', '?toString'],
    ['status=open&page=0&sort=id', '?status', '?page', '?sort'],
  ])('is not listed by ?%s', async (query, ...places) => {
    expect(faults(await get(`/v1/alerts?${query}`))).toEqual(invalid(...places));
  });

  it('names the allowed states to whoever asks for another', async () => {
    expect((await get('/v1/alerts?status=open')).body['errors']).toEqual([
      { parameter: 'status', detail: 'Allowed values: active, paused, triggered, expired, deleted.' },
    ]);
  });
});

describe('a notification', () => {
  const body = { subject: 'Bitcoin today', message: 'Hello' };
  const to = (address: unknown) => ({ recipients: [{ channel: 'email', to: address }] });

  it.each<[string, object, ...string[]]>([
    ['no subject', { subject: undefined }, '/subject'],
    ['a subject that is null', { subject: null }, '/subject'],
    ['a line break in the subject', { subject: 'Hello\r\nBcc: eve@example.org' }, '/subject'],
    ['NUL in the message', { message: '\0' }, '/message'],
    ['half a character in the message', { message: halfACharacter }, '/message'],
    ['nothing to say', { message: '' }, '/message'],
    ['an unknown symbol', { lineItems: [{ symbol: 'NOPE', fields: ['price'] }] }, '/lineItems/0/symbol'],
    ['an unknown field', { lineItems: [{ symbol: 'btc', fields: ['colour'] }] }, '/lineItems/0/fields/0'],
    ['line items that are no list', { lineItems: {} }, '/lineItems'],
    ['a recipient that is only an address', { recipients: ['ada@example.org'] }, '/recipients/0'],
    ['a recipient without address', to(undefined), '/recipients/0/to'],
    ['an address with NUL', to('ada\0@example.org'), '/recipients/0/to'],
    ['an address with a line break', to('ada@example.org\r\nRCPT TO:<eve@example.org>'), '/recipients/0/to'],
    ['two addresses in one', to('ada@example.org, eve@example.org'), '/recipients/0/to'],
    ['an address with a name', to('Ada <ada@example.org>'), '/recipients/0/to'],
    ['an address of two hosts', to('ada@example.org@example.com'), '/recipients/0/to'],
    ['an address with a command', to('ada@example.org> SIZE=1'), '/recipients/0/to'],
    ['an address beyond ASCII', to('adä@example.org'), '/recipients/0/to'],
    ['a status of its own', { status: 'sent' }, '/status'],
  ])('is refused with %s', async (_, changed, ...places) => {
    expect(faults(await post('/v1/notifications', { ...body, ...changed }))).toEqual(invalid(...places));
  });

  it.each<[string, object, ...string[]]>([
    ['a line break in the subject', { subject: 'Hello\r\nBcc: eve@example.org' }, '/subject'],
    ['a lone carriage return in the subject', { subject: 'Hello\rBcc: eve@example.org' }, '/subject'],
    ['a line separator in the subject', { subject: 'Hello\u2028Bcc: eve@example.org' }, '/subject'],
    ['an address with a line break', to('ada@example.org\nBcc: eve@example.org'), '/recipients/0/to'],
    ['an address with a name', to('Eve <eve@example.org>'), '/recipients/0/to'],
    ['an address with a command', to('ada@example.org> SIZE=1'), '/recipients/0/to'],
    ['two addresses in one', to('ada@example.org;eve@example.org'), '/recipients/0/to'],
    ['an address that is too long', to(`${'a'.repeat(250)}@example.org`), '/recipients/0/to'],
    ['no address', to(''), '/recipients/0/to'],
  ])('is neither edited nor sent with %s', async (_, changed, ...places) => {
    const url = `/v1/notifications/${String((await post('/v1/notifications', body)).body['id'])}`;
    const answers = [await api.call({ method: 'PATCH', url, as: admin, body: changed })];
    if ('recipients' in changed) answers.push(await post(`${url}/send`, changed));
    for (const answer of answers) expect(faults(answer)).toEqual(invalid(...places));
    expect((await get(url)).body).toMatchObject({ status: 'draft', version: 1, recipients: [] });
  });

  it('is not sent to a list that is none', async () => {
    const { id } = (await post('/v1/notifications', body)).body;
    const send = (given: object) => post(`/v1/notifications/${String(id)}/send`, given);
    expect(faults(await send(to('ada')))).toEqual(invalid('/recipients/0/to'));
    expect(faults(await send({ to: 'ada@example.org' }))).toEqual(invalid('/to'));
    expect(faults(await send([]))).toEqual(invalid(''));
    expect(faults(await send({}))).toEqual(invalid('/recipients'));
  });

  it.each<[string, ...string[]]>([
    ['status=open', '?status'],
    ['kind=letter', '?kind'],
    ['alertId=7', '?alertId'],
    ['alertId=%00', '?alertId'],
    ['per_page=101', '?per_page'],
    ['to=ada@example.org', '?to'],
  ])('is not listed by ?%s', async (query, ...places) => {
    expect(faults(await get(`/v1/notifications?${query}`))).toEqual(invalid(...places));
  });
});

describe('market data', () => {
  it.each<[string, ...string[]]>([
    ['instruments?type=bond', '?type'],
    [`instruments?q=${'x'.repeat(101)}`, '?q'],
    ['instruments?q=a&q=b', '?q'],
    ['instruments?page=0', '?page'],
    ['quotes?symbols=NOPE-USD', '?symbols'],
    ['quotes?symbols=%00', '?symbols'],
    ['quotes?symbols=__proto__', '?symbols'],
    [`quotes?symbols=${'btc,'.repeat(101)}`, '?symbols'],
    ['quotes?symbol=btc', '?symbol'],
  ])('is not read by %s', async (url, ...places) => {
    expect(faults(await get(`/v1/${url}`))).toEqual(invalid(...places));
  });

  it.each(['NOPE-USD', '%00', '%F0%9F%92%A9', '__proto__', 'constructor', '..%2F..%2Fetc%2Fpasswd', "'--"])(
    'has no quote of %s',
    async (symbol) => {
      const answer = await get(`/v1/quotes/${symbol}`);
      expect(answer).toMatchObject({ status: 404, body: { code: 'market-data.unknown-symbol' } });
    },
  );
});

describe('an account', () => {
  const body = { email: 'ada@example.org', password: 'correct horse battery' };

  it.each<[string, object, ...string[]]>([
    ['no address', { email: undefined }, '/email'],
    ['something that is no address', { email: 'ada' }, '/email'],
    ['an address with NUL', { email: 'a\0da@example.org' }, '/email'],
    ['an address with a line break', { email: 'ada@example.org\nBcc: eve@example.org' }, '/email'],
    ['an address that is too long', { email: `${'a'.repeat(250)}@example.org` }, '/email'],
    ['addresses in a list', { email: ['ada@example.org'] }, '/email'],
    ['a short password', { password: 'horse' }, '/password'],
    ['a short password of wide characters', { password: '🐎🔋📎🐴🐎🔋📎' }, '/password'],
    ['a short password of halves', { password: 'a\u0301e\u0301o\u0301u\u0301' }, '/password'],
    ['a password with half a character', { password: `correct ${halfACharacter}` }, '/password'],
    ['a password longer than anybody types', { password: 'x'.repeat(257) }, '/password'],
    ['a password that everybody has', { password: 'Football1' }, '/password'],
    ['its address for a password', { email: body.email, password: 'ada@Example.org' }, '/password'],
    ['a password that is a number', { password: 123456789 }, '/password'],
    ['a name with NUL', { name: 'A\0da' }, '/name'],
    ['a name with half a character', { name: halfACharacter }, '/name'],
    ['a name with a line break', { name: 'Ada\r\nBcc: eve@example.org' }, '/name'],
    ['no name', { name: '  ' }, '/name'],
    ['a role of its own choice', { role: 'admin' }, '/role'],
    ['a verification of its own', { emailVerified: true }, '/emailVerified'],
  ])('is not registered with %s', async (_, changed, ...places) => {
    const email = `${newId()}@example.org`;
    expect(faults(await post('/v1/auth/register', { ...body, email, ...changed }))).toEqual(
      invalid(...places),
    );
  });

  it.each<[string, object, ...string[]]>([
    ['no password', { password: undefined }, '/password'],
    ['an operator of some database', { password: { $ne: null } }, '/password'],
    ['a password longer than any', { password: '🐎'.repeat(257) }, '/password'],
    ['a password that hashes for minutes', { password: 'x'.repeat(1_000_000) }, '/password'],
    ['more than is needed', { remember: true }, '/remember'],
  ])('is not logged in to with %s', async (_, changed, ...places) => {
    expect(faults(await post('/v1/auth/login', { ...body, ...changed }))).toEqual(invalid(...places));
  });

  it.each(['refresh', 'logout'])('has no refresh token of another kind to %s', async (route) => {
    for (const refreshToken of [undefined, null, '', 7, {}, 'x'.repeat(257)]) {
      const answer = await post(`/v1/auth/${route}`, { refreshToken });
      expect({ refreshToken, ...faults(answer) }).toEqual({ refreshToken, ...invalid('/refreshToken') });
    }
  });
});

describe('an id', () => {
  const routes: Request[] = [
    { url: '/v1/alerts/:id' },
    { url: '/v1/alerts/:id/history' },
    { url: '/v1/alerts/:id', method: 'DELETE' },
    { url: '/v1/notifications/:id' },
    { url: '/v1/notifications/:id/deliveries' },
    { url: '/v1/notifications/:id/send', method: 'POST', body: {} },
    { url: '/v1/notifications/:id', method: 'DELETE' },
    { url: '/v1/deliveries/:id' },
    { url: '/v1/deliveries/:id/retry', method: 'POST', body: {} },
    { url: '/v1/suppressions/:id', method: 'DELETE' },
  ];
  const ids = [
    '7',
    'null',
    '%00',
    '__proto__',
    `${newId()}'--`,
    `%7B${newId()}%7D`,
    newId().replaceAll('-', ''),
  ];

  it.each(routes)('that is none is refused, and one of nothing not found: $method $url', async (route) => {
    const call = (id: string) => api.call({ ...route, url: route.url.replace(':id', id), as: admin });
    for (const id of ids) expect({ id, ...faults(await call(id)) }).toEqual({ id, ...invalid('?id') });
    for (const id of [newId(), newId().toUpperCase(), '00000000-0000-0000-0000-000000000000']) {
      const { status, body } = await call(id);
      expect({ id, status, code: body['code'] }).toEqual({
        id,
        status: 404,
        code: expect.stringMatching(/^(alerts\.|notifications\.|delivery\.(suppression-)?)not-found$/),
      });
    }
  });
});

describe('a body', () => {
  const routes = () => api.contract.operations.filter(({ method }) => method === 'POST');
  const all = async (body: object | string, headers?: Record<string, string>) => {
    const answers = [];
    for (const { path } of routes()) answers.push(await post(path.replace('{id}', newId()), body, headers));
    expect(answers.length).toBeGreaterThan(5);
    return new Set(answers.map(({ status }) => status));
  };

  it.each<[string, string]>([
    ['that ends too early', '{"symbol": "BTC-USD"'],
    ['that is no JSON', 'symbol=BTC-USD'],
    ['with something after it', '{} {}'],
    ['with a comment', '{/* */}'],
    ['with NUL', '{"symbol": "\0"}'],
    ['of nothing', ''],
    ['that would change every object', '{"__proto__": {"admin": true}}'],
    ['that would change every object by another way', '{"constructor": {"prototype": {"admin": true}}}'],
    ['that would change every object from further down', '{"a": [{"__proto__": {"admin": true}}]}'],
  ])('%s is malformed', async (_, body) => {
    expect(await all(body)).toEqual(new Set([400]));
    expect(Object.hasOwn(Object.prototype, 'admin')).toBe(false);
  });

  it.each<[string, string]>([
    ['a list', '[]'],
    ['a list of bodies', '[{"symbol": "BTC-USD", "target": "1"}]'],
    ['a text', '"BTC-USD"'],
    ['a number', '33000'],
    ['true', 'true'],
    ['nested a hundred thousand times', nested(100_000)],
    ['an object nested a hundred thousand times', `{"note": ${nested(100_000)}}`],
  ])('that is %s is refused', async (_, body) => {
    expect(await all(body)).toEqual(new Set([422]));
  });

  it('that is missing or null is refused where one is needed', async () => {
    for (const body of [undefined, 'null']) {
      const answer = await api.call({ method: 'POST', url: '/v1/alerts', as: admin, body });
      expect({ body, ...faults(answer) }).toEqual({ body, ...invalid('') });
    }
  });

  it('of a deletion is not looked at: some clients name its type always', async () => {
    for (const body of ['', '{', 'x'.repeat(2 * 1024 * 1024)]) {
      const { id } = (await post('/v1/alerts', { symbol: 'ETH-USD', target: '2' })).body;
      const url = `/v1/alerts/${String(id)}`;
      expect((await api.call({ method: 'DELETE', url, as: admin, body })).status).toBe(204);
    }
  });

  it.each([
    'text/plain',
    'text/plain; charset=utf-8',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    'application/jsonp',
    'nonsense',
  ])('of type %s is not taken', async (type) => {
    expect(await all('{"symbol": "BTC-USD", "target": "1"}', { 'content-type': type })).toEqual(
      new Set([415]),
    );
  });

  it('with very many faults is told of the first hundred', async () => {
    const properties = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`p${index}`, 1]));
    const { status, places } = faults(await post('/v1/alerts', properties));
    expect(status).toBe(422);
    expect(places).toHaveLength(100);
    expect(places).toContain('/symbol');
  });

  it('of the type of JSON is taken, however that is written', async () => {
    for (const type of ['application/json', 'application/json; charset=utf-8', 'Application/JSON']) {
      const answer = await post('/v1/alerts', '{"symbol": "ETH-USD", "target": "1"}', {
        'content-type': type,
      });
      expect({ type, status: answer.status }).toEqual({ type, status: 201 });
    }
  });

  it('of more than 1 MiB is too large, and one of 1 MiB is not', async () => {
    const sized = (bytes: number) => `"${'x'.repeat(bytes - 2)}"`;
    expect(await all(sized(1024 * 1024 + 1))).toEqual(new Set([413]));
    expect(await all(sized(1024 * 1024))).toEqual(new Set([422]));
  });

  it('of whatever content is answered without an error of ours', async () => {
    const anyText = fc.string({ unit: 'binary', maxLength: 40 });
    const odd = fc.oneof(anyText, fc.constantFrom('\0', halfACharacter, '__proto__', '١'), fc.jsonValue());
    const decimal = fc.oneof(
      fc.double(),
      fc.integer(),
      fc.bigInt({ min: 0n, max: 10n ** 30n }).map(String),
      fc.tuple(fc.nat(), fc.nat()).map(([whole, fraction]) => `${whole}.${fraction}`),
    );
    /** Mostly what is expected there, so that faults meet each other behind the first check too. */
    const mostly = (usual: fc.Arbitrary<unknown>) => fc.oneof({ weight: 5, arbitrary: usual }, odd);
    const condition = fc.record({ operator: mostly(fc.constant('crossing')), value: mostly(decimal) });
    const body = fc.record(
      {
        symbol: mostly(fc.constantFrom('BTC-USD', 'eth', ' Btcusdt ')),
        target: mostly(decimal),
        condition: mostly(condition),
        frequency: mostly(fc.constant('once')),
        expiresAt: mostly(fc.constant(null)),
        note: mostly(anyText),
        channels: mostly(fc.constant(['email'])),
      },
      { requiredKeys: ['symbol'] },
    );
    const seen = new Set<number>();
    const property = fc.asyncProperty(fc.oneof({ weight: 9, arbitrary: body }, odd), async (given) => {
      seen.add((await post('/v1/alerts', JSON.stringify(given))).status);
    });
    await fc.assert(property, { numRuns: 200, seed: 33_000 });
    expect(seen).toEqual(new Set([201, 422]));
  });
});

describe('a route', () => {
  it.each<[Request['method'], string]>([
    ['GET', '/'],
    ['GET', '/v1'],
    ['GET', '/v1/alert'],
    ['GET', '/v1/alerts/'],
    ['GET', '/v1//alerts'],
    ['GET', '/V1/alerts'],
  ])('that is none is not found: %s %s', async (method, url) => {
    const answer = await api.call({ method, url, as: admin });
    expect(answer).toMatchObject({ status: 404, body: { code: 'http.no-such-route' } });
  });

  it.each<[Request['method'], string, string]>([
    ['PUT', '/v1/alerts', 'GET, HEAD, OPTIONS, POST'],
    ['POST', `/v1/alerts/${newId()}`, 'DELETE, GET, HEAD, OPTIONS, PATCH'],
    ['GET', '/v1/auth/login', 'OPTIONS, POST'],
    ['POST', '/health/live', 'GET, HEAD, OPTIONS'],
  ])('does not have other methods: %s %s', async (method, url, allow) => {
    const answer = await api.call({ method, url, as: admin });
    expect(answer).toMatchObject({
      status: 405,
      body: { code: 'http.method-not-allowed' },
      headers: { allow },
    });
  });

  it('with a broken escape is malformed', async () => {
    expect(await get('/v1/quotes/%zz')).toMatchObject({
      status: 400,
      body: { code: 'http.malformed' },
      headers: { 'x-request-id': expect.any(String), 'x-content-type-options': 'nosniff' },
    });
    expect((await get('/v1/alerts?symbol=%zz')).status).toBe(422);
  });

  it('with an overlong part leads nowhere', async () => {
    const tooLong = { status: 414, body: { code: 'http.uri-too-long' } };
    expect(await get(`/v1/quotes/${'B'.repeat(10_000)}`)).toMatchObject(tooLong);
    expect(await get(`/v1/alerts/${'7'.repeat(10_000)}/history`)).toMatchObject(tooLong);
    expect(faults(await get(`/v1/alerts?q=${'x'.repeat(10_000)}`))).toEqual(invalid('?q'));
  });
});

describe('a connection', () => {
  const answerTo = async (request: string) => {
    const { port } = api.app.getHttpServer().address() as AddressInfo;
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    const answer = await text(socket);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    return { head: head.toLowerCase(), body: JSON.parse(body) };
  };
  beforeAll(() => api.app.listen(0, '127.0.0.1'));

  it.each<[string, string, number, string]>([
    ['that speaks something else', 'EHLO example.org\r\n\r\n', 400, 'http.malformed'],
    ['with a head without end', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}`, 431, 'http.headers-too-large'],
    ['with an overlong URL', `GET /${'x'.repeat(20_000)}`, 431, 'http.headers-too-large'],
    [
      'with two lengths',
      'POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}',
      400,
      'http.malformed',
    ],
  ])('%s is told so and closed', async (_, request, status, code) => {
    const { head, body } = await answerTo(request);
    expect(head).toContain(`http/1.1 ${status} `);
    expect(head).toContain('content-type: application/problem+json');
    expect(head).toContain('x-content-type-options: nosniff');
    expect(head).toMatch(/^x-request-id: [0-9a-f-]{36}$/m);
    expect(body).toMatchObject({ status, code, detail: expect.stringMatching(/\.$/) });
  });
});

describe('a header', () => {
  it.each(['x'.repeat(10_000), 'a b', '<script>', '{"json":1}', '../../etc', 'short'])(
    'X-Request-Id: %s is replaced',
    async (id) => {
      const { status, headers } = await api.call({ url: '/health/live', headers: { 'x-request-id': id } });
      expect(status).toBe(200);
      expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    },
  );

  it('X-Request-Id that is harmless is kept', async () => {
    const { headers } = await api.call({
      url: '/health/live',
      headers: { 'x-request-id': 'from-my-proxy.7' },
    });
    expect(headers['x-request-id']).toBe('from-my-proxy.7');
  });

  it('Authorization may be anything', async () => {
    for (const authorization of [
      'Bearer',
      'Bearer  ',
      `Bearer ${'x'.repeat(100_000)}`,
      'Bearer a.b.c.d',
      '\u00ff',
      ', ,',
    ]) {
      expect((await api.call({ url: '/v1/alerts', headers: { authorization } })).status).toBe(401);
    }
  });
});
