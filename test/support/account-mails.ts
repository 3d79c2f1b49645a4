import { Relay } from '#platform/messaging';
import type { Api } from './api.ts';

/** A mail about an account as it waits to be delivered. */
export interface WaitingMail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** Lets what was asked for happen, and returns the mails that wait for an address, oldest first. */
export async function accountMails({ app, database }: Api, to: string): Promise<WaitingMail[]> {
  // What reacts asks for more.
  while ((await app.get(Relay).drain()) > 0);
  return database.sql<WaitingMail>`
    select delivery.recipient as "to", message.subject, message.text, message.html
    from delivery.deliveries as delivery join delivery.messages as message on message.id = delivery.message_id
    where delivery.recipient = ${to} and delivery.notification_id is null order by delivery.created_at, delivery.id`;
}

/** The token of the last mail to an address. */
export async function mailedToken(api: Api, to: string): Promise<string> {
  const mails = await accountMails(api, to);
  return tokenIn(mails.at(-1));
}

/** The token that a mail asks to use. */
export function tokenIn(mail: WaitingMail | undefined): string {
  const [, token] = /#token=([\w-]{43})/.exec(mail?.text ?? '') ?? [];
  if (token === undefined) throw new Error('No token was mailed.');
  return token;
}
