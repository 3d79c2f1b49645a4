import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { parseConnectionUrl } from 'nodemailer/lib/shared';
import { type Config, isLoopback, type MailServer } from '#platform/config';
import { lockHolder } from '#platform/data-dir';
import { networkFault } from '#platform/services';
import { type Check, failed, type Finding, ok, warn } from './finding.ts';

/** The mail servers: whether they are there, secured as they must be, and take our login. Nothing is sent. */
export const mail = ({ smtpUrl, mailServers, embedded, dataDir }: Config): Check => ({
  subject: 'mail',
  look: async () => {
    const [first, fallback] = mailServers;
    if (!first) return [];
    if (smtpUrl !== null) {
      return [
        ...(await lookAt(first, 'SMTP_URL')),
        ...(fallback ? await lookAt(fallback, 'SMTP_FALLBACK_URL') : []),
      ];
    }
    if (!embedded) return [ok('not looked at without an SMTP_URL')];
    if (lockHolder(dataDir, 'supervisor.lock')?.alive) {
      return lookAt(first, 'MAILBOX_SMTP_PORT');
    }
    return [ok('no SMTP_URL: npm start brings an inbox that shows mails and passes none on')];
  },
});

async function lookAt({ url, tls, verified }: MailServer, variable: string): Promise<Finding[]> {
  const { hostname, port } = new URL(url);
  const subject = `${variable}: the mail server at ${hostname}${port && `:${port}`}`;
  const options = parseConnectionUrl(url);
  const connection = new SMTPConnection({
    ...options,
    connectionTimeout: 5_000,
    greetingTimeout: 5_000,
    socketTimeout: 5_000,
    requireTLS: tls === 'required',
    opportunisticTLS: tls === 'opportunistic',
    tls: { rejectUnauthorized: verified },
  });
  try {
    await step(connection, (done) => connection.connect(done));
    const secured = connection.secure;
    if (options.auth) await step(connection, (done) => connection.login(options.auth, done));
    const found = ok(`${hostname} answers${options.auth ? ' and accepts this login' : ''}`);
    if (secured || isLoopback(hostname)) return [found];
    const text = `${subject} speaks no TLS: mails${options.auth ? ' and the password' : ''} go through the network in clear`;
    return [found, warn(text, 'Use smtps://, or let that server offer STARTTLS.')];
  } catch (error) {
    const advice = `Correct ${variable}, or that server. What is to be sent meanwhile is tried again for a while.`;
    return [failed(`${subject} ${reasonOf(error)}`, advice)];
  } finally {
    connection.quit();
    connection.close();
  }
}

/** An error may come by the callback or by the event, and also later than that. */
function step(
  connection: SMTPConnection,
  begin: (done: (error?: Error | null) => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.on('error', reject);
    connection.once('end', () => reject(new Error('Connection closed')));
    begin((error) => (error ? reject(error) : resolve()));
  });
}

/** Never in the words of the server, which may repeat what it was sent. */
function reasonOf(error: unknown): string {
  const { code = '', originalCode = code, responseCode, command } = error as MailError;
  const said = responseCode === undefined ? '' : ` (${responseCode})`;
  if (code === 'EAUTH') return `does not accept this user and password${said}`;
  if (code === 'ETIMEDOUT')
    return 'does not answer (one that begins with TLS, as on port 465, needs smtps://)';
  if (code === 'EDNS') return 'is not found: nobody knows this host name';
  if (command === 'STARTTLS') return `offers no STARTTLS${said}, which SMTP_TLS or a password asks for`;
  if (/CERT|ALTNAME|SIGNATURE/.test(originalCode)) {
    return `has a certificate that is not good (${originalCode}); NODE_EXTRA_CA_CERTS names a further authority`;
  }
  if (originalCode.includes('WRONG_VERSION')) return 'does not begin with TLS, which smtps:// asks for';
  const fault = networkFault({ code: originalCode });
  if (fault) return fault.reason;
  return responseCode === undefined ? `cannot be used (${originalCode})` : `refuses us${said}`;
}

interface MailError {
  readonly code?: string;
  /** Of the network or of TLS, under the one that the mailer gives. */
  readonly originalCode?: string;
  readonly responseCode?: number;
  readonly command?: string;
}
