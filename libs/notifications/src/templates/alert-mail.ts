import type { FiredAlert } from '#libs/alerts/contracts';
import { type Mail, renderMail } from '#platform/mail';
import { groupThousands, utc } from './format.ts';

/** The mail of a firing, with its receipt: what was asked for, what was traded, and the exchange's id of it. */
export function alertMail(fired: FiredAlert, publicUrl: string): Mail & { readonly message: string } {
  const { alertId, symbol, direction, note } = fired;
  const target = groupThousands(fired.target);
  const price = groupThousands(fired.price);
  const side = direction === 'up' ? 'from below' : 'from above';
  const sentence = `${symbol} reached ${target} ${side}: it traded at ${price}.`;
  const message = note === null ? sentence : `${sentence}\n\nYour note: ${note}`;
  const rows = [
    { label: 'Target', value: target },
    { label: 'Direction', value: direction === 'up' ? 'up, from below' : 'down, from above' },
    { label: 'Traded price', value: price },
    { label: 'Traded at', value: utc(fired.tradedAt) },
    { label: 'Trade id of the exchange', value: String(fired.tradeId) },
    { label: 'Alert', value: alertId },
  ];
  const mail = renderMail({
    subject: `${symbol} reached ${target}`,
    message,
    tables: [{ title: null, rows }],
    reason: `You get this mail because you set this alert. See it with GET and delete it with DELETE of /v1/alerts/${alertId}.`,
    link: { label: 'Open the API page', url: `${publicUrl}/docs` },
  });
  return { ...mail, message };
}
