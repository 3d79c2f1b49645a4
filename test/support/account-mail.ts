import { newId } from '#kernel';
import { accountMailPurpose, AccountMailRequested } from '#libs/identity/contracts';
import type { Sealer } from '#platform/secrets';

/** The request of a mail about an account, as the context of identity states it, with the token that it holds. */
export function accountMail(
  sealer: Sealer,
  userId: string | null = null,
  to = 'person@example.org',
): { readonly event: AccountMailRequested; readonly id: string; readonly token: string } {
  const id = newId();
  const token = `token-${id}`;
  const link = `https://tocsin.test/verify#${token}`;
  const mail = { subject: 'Confirm your address', text: link, html: `<a href="${link}">Confirm</a>` };
  const sealed = sealer.seal(accountMailPurpose, JSON.stringify(mail));
  return { event: new AccountMailRequested({ mailId: id, userId, to, sealed }), id, token };
}
