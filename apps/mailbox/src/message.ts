import PostalMime, { type Address, type Email } from 'postal-mime';

/** What the SMTP client said, apart from the message: `from` is empty for a bounce, `to` has Bcc recipients too. */
export interface Envelope {
  from: string;
  to: string[];
}

/** One received mail as `GET /api/messages` shows it; `receivedAt` is RFC 3339 UTC, an absent part is null. */
export interface Message {
  id: string;
  receivedAt: string;
  envelope: Envelope;
  from: string | null;
  to: string[];
  subject: string;
  messageId: string | null;
  text: string | null;
  html: string | null;
  headers: { name: string; value: string }[];
}

/** Reads a raw mail; one that no parser understands is still shown, by its envelope and its source. */
export async function readMessage(
  received: Pick<Message, 'id' | 'receivedAt' | 'envelope'>,
  raw: Uint8Array,
): Promise<Message> {
  const mail: Partial<Email> = await PostalMime.parse(raw).catch(() => ({}));
  return {
    ...received,
    from: addresses(mail.from)[0] ?? null,
    to: (mail.to ?? []).flatMap(addresses),
    subject: mail.subject ?? '',
    messageId: mail.messageId ?? null,
    text: mail.text ?? null,
    html: mail.html ?? null,
    headers: (mail.headers ?? []).map(({ originalKey, value }) => ({ name: originalKey, value })),
  };
}

/** The HTML part with its attached pictures (`cid:`) written into it, so that it needs nothing from outside. */
export async function selfContainedHtml(raw: Uint8Array): Promise<string | undefined> {
  const mail = await PostalMime.parse(raw, { attachmentEncoding: 'base64' });
  return mail.attachments.reduce((html, { contentId, mimeType, content }) => {
    if (contentId === undefined || typeof content !== 'string' || !mimeType.startsWith('image/')) return html;
    const picture = `data:${mimeType};base64,${content}`;
    return html?.replaceAll(`cid:${contentId.replace(/^<|>$/g, '')}`, () => picture);
  }, mail.html);
}

function addresses(address: Address | undefined): string[] {
  if (address === undefined) return [];
  return address.group ? address.group.map((member) => member.address) : [address.address];
}
