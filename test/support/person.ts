import { type Client, createClient, createConfig } from './client/client/index.ts';
import { logIn, register } from './client/index.ts';

declare global {
  /** The generated client names this type of the browser's; Node's own types have it under `RequestInit` only. */
  type BodyInit = NonNullable<RequestInit['body']>;
}

/** Somebody with an account: the generated client, signed in. */
export interface Person {
  readonly client: Client;
  readonly email: string;
}

/** Registers at an installation and logs in. */
export async function newPerson(urls: readonly string[], email: string): Promise<Person> {
  const client = clientOf(urls);
  const password = 'correct horse battery staple';
  await register({ client, body: { email, password }, throwOnError: true });
  return signedIn(client, email, password);
}

/** Logs in to an account that is there already. */
export const returning = (urls: readonly string[], email: string, password: string): Promise<Person> =>
  signedIn(clientOf(urls), email, password);

async function signedIn(client: Client, email: string, password: string): Promise<Person> {
  const { data: session } = await logIn({ client, body: { email, password }, throwOnError: true });
  client.setConfig({ headers: { Authorization: `Bearer ${session.accessToken}` } });
  return { client, email };
}

/** Where an installation has several apis, each request goes to the next one. */
export function clientOf([baseUrl = '', ...others]: readonly string[]): Client {
  const apis = [...others, baseUrl];
  const next = (request: Request): Promise<Response> => {
    const api = apis.shift() ?? baseUrl;
    apis.push(api);
    return fetch(new Request(request.url.replace(baseUrl, api), request));
  };
  return createClient(createConfig({ baseUrl, fetch: next as typeof fetch, throwOnError: true }));
}
