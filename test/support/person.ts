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
export async function newPerson(baseUrl: string, email: string): Promise<Person> {
  const client = createClient(createConfig({ baseUrl, throwOnError: true }));
  const password = 'correct horse battery staple';
  await register({ client, body: { email, password }, throwOnError: true });
  const { data: session } = await logIn({ client, body: { email, password }, throwOnError: true });
  client.setConfig({ headers: { Authorization: `Bearer ${session.accessToken}` } });
  return { client, email };
}
