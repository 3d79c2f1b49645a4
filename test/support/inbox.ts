/** One mail as the development inbox shows it. */
export interface Mail {
  readonly to: string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly messageId: string;
}

/** What the inbox has, newest first; only to one address when it is given. */
export async function mailsOf(inboxUrl: string, to?: string): Promise<Mail[]> {
  const response = await fetch(`${inboxUrl}/api/messages${to ? `?to=${encodeURIComponent(to)}` : ''}`);
  return (await response.json()) as Mail[];
}
