import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { startHttpApp } from '../../../../test/support/http-app.ts';

describe('the documentation', () => {
  let app: NestFastifyApplication;
  afterEach(() => app.close());

  const answers = async () => {
    const urls = ['/docs', '/docs/swagger-ui-bundle.js', '/openapi.json', '/openapi.yaml'];
    return Promise.all(urls.map(async (url) => (await app.inject({ url })).statusCode));
  };

  it('is a page and a document', async () => {
    app = await startHttpApp();
    expect(await answers()).toEqual([200, 200, 200, 200]);
  });

  it('is the document alone when the page is switched off', async () => {
    app = await startHttpApp({ SWAGGER_UI: 'off' });
    expect(await answers()).toEqual([404, 404, 200, 200]);
    expect((await app.inject({ url: '/docs' })).json()).toMatchObject({ code: 'http.no-such-route' });
  });
});
