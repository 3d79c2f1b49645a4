import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { SetupLinks } from '../../libs/identity/src/features/setup-links.ts';
import { accountMails } from '../support/account-mails.ts';
import { type Api, startApi } from '../support/api.ts';
import { Chromium, chromiumProgram } from '../support/chromium.ts';

const pages = ['verify-email', 'forgot-password', 'reset-password', 'setup'];
const password = 'correct horse battery staple';
const somebody = () => `${crypto.randomUUID()}@example.org`;

let api: Api;
beforeAll(async () => {
  api = await startApi(inject('postgresUrl'), { EMAIL_VERIFICATION: 'required', RATE_LIMIT: 'off' });
  await api.app.listen(0, '127.0.0.1');
});
afterAll(() => api.close());

const get = (url: string) => api.call<string>({ url });

describe('the pages of an account', () => {
  it.each(pages)('has /account/%s, which is asked for anew each time', async (page) => {
    const answer = await get(`/account/${page}`);
    expect(answer).toMatchObject({
      status: 200,
      contentType: 'text/html; charset=utf-8',
      headers: { 'cache-control': 'no-cache', 'referrer-policy': 'no-referrer' },
    });
    expect(answer.body).toContain(`<section id="${page}"`);
    expect((await api.call({ method: 'HEAD', url: `/account/${page}` })).status).toBe(200);
  });

  it('gets its script and its style from here, and allows nothing else', async () => {
    const { body, headers } = await get('/account/setup');
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(body).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]* src="page\.js")|https?:\/\//);
    expect(await get('/account/page.js')).toMatchObject({
      status: 200,
      contentType: 'text/javascript; charset=utf-8',
      headers: { 'cache-control': 'no-cache' },
    });
    expect(await get('/account/page.css')).toMatchObject({
      status: 200,
      contentType: 'text/css; charset=utf-8',
      headers: { 'cache-control': 'no-cache' },
    });
  });

  it.each(['', '/', '/login', '/page.html', '/setup/', '/..%2fpage.ts'])(
    'has nothing at /account%s',
    async (path) => {
      expect(await api.call({ url: `/account${path}` })).toMatchObject({
        status: 404,
        body: { code: 'http.no-such-route' },
      });
    },
  );

  it('is no part of the contract', () => {
    expect(Object.keys(api.document.paths).filter((path) => !/^\/(v1|health|metrics)\b/.test(path))).toEqual(
      [],
    );
  });

  it('leads to Swagger UI where there is one', async () => {
    const without = await startApi(inject('postgresUrl'), { SWAGGER_UI: 'off' });
    const { body } = await without.call<string>({ url: '/account/setup' });
    await without.close();
    expect(body).toContain('<body data-swagger-ui="off">');
    expect((await get('/account/setup')).body).toContain('<body data-swagger-ui="on">');
  });
});

const needsChromium = chromiumProgram ? '' : ' (needs chromium)';

describe.skipIf(chromiumProgram === undefined)(`a browser shows a page that${needsChromium}`, () => {
  let browser: Chromium;
  let url: string;
  beforeAll(async () => {
    url = await api.app.getUrl();
    browser = await Chromium.open(chromiumProgram ?? '');
    const source = `violations = []; addEventListener('securitypolicyviolation', (one) => violations.push(one.effectiveDirective))`;
    await browser.send('Page.addScriptToEvaluateOnNewDocument', { source });
  });
  afterAll(() => browser.close());
  beforeEach(() => api.database.sql`delete from identity.users`);

  /** Opens a page, which must keep to its own policy. */
  async function open(link: string): Promise<void> {
    await browser.goTo(link);
    expect(await browser.evaluate('[...violations]')).toEqual([]);
  }
  const heading = () => browser.evaluate<string>(`document.querySelector('h1:not([hidden] *)').textContent`);
  async function shows(text: string): Promise<void> {
    await expect.poll(heading).toBe(text);
  }
  const press = () => browser.click('section:not([hidden]) [type=submit]');
  const isDisabled = () =>
    browser.evaluate<boolean>(`document.querySelector('section:not([hidden]) [type=submit]').disabled`);
  async function fill(field: string, text: string): Promise<void> {
    const input = `section:not([hidden]) [name=${field}]`;
    await browser.evaluate(`document.querySelector('${input}').value = ''`);
    await browser.click(input);
    await browser.type(text);
  }
  /** Where the last mail to an address leads, at the api of this test. */
  async function mailedLink(to: string): Promise<string> {
    const mail = (await accountMails(api, to)).at(-1);
    const { pathname, hash } = new URL(/http\S+\/account\/\S+/.exec(mail?.text ?? '')?.[0] ?? 'none:');
    return `${url}${pathname}${hash}`;
  }
  const post = (route: string, body: object) =>
    api.call<Record<string, string>>({ method: 'POST', url: `/v1/auth/${route}`, body });
  const logIn = async (email: string, chosen = password) =>
    (await post('login', { email, password: chosen })).status;

  it('confirms an address when its button is pressed, and not before', async () => {
    const email = somebody();
    await post('register', { email, password });
    const link = await mailedLink(email);
    await open(link);
    await shows('Confirm your address');
    expect(await browser.evaluate('location.href')).toBe(`${url}/account/verify-email`);
    expect(await logIn(email)).toBe(401);
    await press();
    await shows('Your address is confirmed');
    expect(await browser.evaluate('document.activeElement.textContent')).toBe('Your address is confirmed');
    expect(await browser.text()).toContain('Open the API page');
    expect(await logIn(email)).toBe(200);

    await open(link);
    await press();
    await shows('This link does not work any more');
    expect(await browser.text()).toContain('register once more');
  });

  it('sends a mail, and sets the password that is chosen by its link', async () => {
    const { email } = await api.person();
    await open(`${url}/account/forgot-password`);
    await fill('email', email);
    await press();
    await shows('Look into your inbox');

    await open(await mailedLink(email));
    await shows('Set a new password');
    await fill('password', 'password1');
    await press();
    await expect.poll(() => browser.text()).toContain('Choose another password');
    expect(
      await browser.evaluate('[document.activeElement.name, document.activeElement.ariaInvalid]'),
    ).toEqual(['password', 'true']);
    await browser.click('section:not([hidden]) .check');
    expect(await browser.evaluate('document.activeElement.type')).toBe('checkbox');
    expect(await browser.evaluate(`document.querySelector('#new-password').type`)).toBe('text');
    await fill('password', 'another horse battery staple');
    await press();
    await shows('Your new password is set');
    expect(await browser.evaluate(`document.querySelector('#new-password').value`)).toBe('');
    expect([await logIn(email), await logIn(email, 'another horse battery staple')]).toEqual([401, 200]);
  });

  it('makes the first administrator', async () => {
    const email = somebody();
    await open(`${url}/account/setup#token=${await api.app.get(SetupLinks).open()}`);
    await shows('Make the first administrator');
    await fill('email', email);
    await fill('password', password);
    await press();
    await shows('You are the administrator');
    expect(await api.database.sql`select email, role, name from identity.users`).toEqual([
      { email, role: 'admin', name: null },
    ]);
  });

  it.each(['verify-email', 'reset-password', 'setup'])(
    'says that a part of the link is missing: %s',
    async (page) => {
      await open(`${url}/account/${page}`);
      await shows('A part of the link is missing');
      // In the same tab, where the page is not loaded again.
      await browser.send('Page.navigate', { url: `${url}/account/${page}#token=abc` });
      await expect.poll(heading).not.toBe('A part of the link is missing');
      expect(await browser.evaluate('location.hash')).toBe('');
    },
  );

  it('asks once at a time, and once more after it could not be reached', async () => {
    const email = somebody();
    await post('register', { email, password });
    await open(await mailedLink(email));
    const network = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
    await browser.send('Network.emulateNetworkConditions', { ...network, offline: true });
    await press();
    await expect.poll(() => browser.text()).toContain('Tocsin cannot be reached');
    expect(await isDisabled()).toBe(false);
    await browser.send('Network.emulateNetworkConditions', { ...network, offline: false });

    const held = Promise.withResolvers<void>();
    const holding = Promise.withResolvers<void>();
    const holder = api.database.transaction(async () => {
      await api.database.sql`lock table identity.registrations`;
      holding.resolve();
      await held.promise;
    });
    await holding.promise;
    await press();
    await expect.poll(isDisabled).toBe(true);
    expect(await browser.text()).not.toContain('cannot be reached');
    held.resolve();
    await holder;
    await shows('Your address is confirmed');
  });
});
