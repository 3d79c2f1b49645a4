import type { Role, Scope } from '#platform/http';
import type { Route } from '../support/api.ts';

/** What belongs to somebody. */
export type Thing = 'account' | 'session' | 'api-key' | 'alert' | 'notification';

/** Who may call a route. */
export interface Line {
  /** Everybody, or those who have a session and this role; each role includes the one before. */
  readonly for: 'everybody' | Role;
  /** The scope that opens it to API keys as well. Without one, none may. */
  readonly key?: Scope;
  /** What it lists, or what its `:id` is one of. To those who may not see it, that is a 404 and not a 403. */
  readonly of?: Thing;
  /** What gets as far as that `:id`. */
  readonly body?: object;
  /** Whoever may call it is shown what is others', too. */
  readonly ofAll?: true;
  /** Ends the session of whoever calls it. */
  readonly ends?: true;
}

/** Every route of the api. A HEAD is for those who may GET. */
export const table: Readonly<Record<string, Line>> = {
  'POST /v1/auth/register': { for: 'everybody' },
  'POST /v1/auth/login': { for: 'everybody' },
  'POST /v1/auth/refresh': { for: 'everybody' },
  'POST /v1/auth/logout': { for: 'everybody' },
  'POST /v1/auth/verify-email': { for: 'everybody' },
  'POST /v1/auth/resend-verification': { for: 'everybody' },
  'POST /v1/auth/forgot-password': { for: 'everybody' },
  'POST /v1/auth/reset-password': { for: 'everybody' },
  'GET /v1/auth/oidc': { for: 'everybody' },
  'GET /v1/auth/oidc/callback': { for: 'everybody' },
  'POST /v1/auth/setup': { for: 'everybody' },
  'POST /v1/auth/web-session': { for: 'everybody' },
  'DELETE /v1/auth/web-session': { for: 'user', ends: true },

  'GET /v1/me': { for: 'user', of: 'account' },
  'PATCH /v1/me': { for: 'user' },
  'DELETE /v1/me': { for: 'user', ends: true },
  'GET /v1/me/audit': { for: 'user', of: 'account' },
  'GET /v1/me/sessions': { for: 'user', of: 'session' },
  'DELETE /v1/me/sessions': { for: 'user' },
  'DELETE /v1/me/sessions/:id': { for: 'user', of: 'session' },

  'POST /v1/api-keys': { for: 'user' },
  'GET /v1/api-keys': { for: 'user', of: 'api-key' },
  'DELETE /v1/api-keys/:id': { for: 'user', of: 'api-key' },

  'GET /v1/users': { for: 'admin', ofAll: true },
  'GET /v1/users/:id': { for: 'admin', ofAll: true },
  'PATCH /v1/users/:id': { for: 'admin', ofAll: true },
  'GET /v1/audit': { for: 'admin', ofAll: true },

  'GET /v1/instruments': { for: 'user', key: 'market:read' },
  'GET /v1/quotes': { for: 'user', key: 'market:read' },
  'GET /v1/quotes/:symbol': { for: 'user', key: 'market:read' },

  'POST /v1/alerts': { for: 'user', key: 'alerts:write' },
  'GET /v1/alerts': { for: 'user', key: 'alerts:read', of: 'alert' },
  'GET /v1/alerts/:id': { for: 'user', key: 'alerts:read', of: 'alert' },
  'GET /v1/alerts/:id/history': { for: 'user', key: 'alerts:read', of: 'alert' },
  'PATCH /v1/alerts/:id': { for: 'user', key: 'alerts:write', of: 'alert', body: { note: 'mine' } },
  'DELETE /v1/alerts/:id': { for: 'user', key: 'alerts:write', of: 'alert' },

  // Operators share those that people write; what an alert or a digest says stays its owner's.
  'POST /v1/notifications': { for: 'user', key: 'notifications:write' },
  'GET /v1/notifications': { for: 'user', key: 'notifications:read', of: 'notification' },
  'GET /v1/notifications/:id': { for: 'user', key: 'notifications:read', of: 'notification' },
  'GET /v1/notifications/:id/deliveries': { for: 'user', key: 'notifications:read', of: 'notification' },
  'PATCH /v1/notifications/:id': {
    for: 'user',
    key: 'notifications:write',
    of: 'notification',
    body: { subject: 'Mine' },
  },
  'POST /v1/notifications/:id/send': { for: 'user', key: 'notifications:write', of: 'notification' },
  'DELETE /v1/notifications/:id': { for: 'user', key: 'notifications:write', of: 'notification' },

  // The delivery log has everybody's, but not what they say.
  'GET /v1/deliveries': { for: 'operator', ofAll: true },
  'GET /v1/deliveries/:id': { for: 'operator', ofAll: true },
  'POST /v1/deliveries/:id/retry': { for: 'operator', ofAll: true },
  'GET /v1/suppressions': { for: 'operator' },
  'POST /v1/suppressions': { for: 'operator' },
  'DELETE /v1/suppressions/:id': { for: 'operator' },

  // Where links in mails lead. Their tokens stand behind the `#`, so these do not get them.
  'GET /account/verify-email': { for: 'everybody' },
  'GET /account/forgot-password': { for: 'everybody' },
  'GET /account/reset-password': { for: 'everybody' },
  'GET /account/setup': { for: 'everybody' },
  'GET /account/page.css': { for: 'everybody' },
  'GET /account/page.js': { for: 'everybody' },

  // For whoever can reach the port: supervisors, Prometheus, readers of the contract. Nothing of anybody is in them.
  'GET /health/live': { for: 'everybody' },
  'GET /health/ready': { for: 'everybody' },
  'GET /metrics': { for: 'everybody' },
  'GET /openapi.json': { for: 'everybody' },
  'GET /openapi.yaml': { for: 'everybody' },
  // The page of the contract, with the assets that its package brings, whatever they are.
  'GET /docs…': { for: 'everybody' },
  // The preflights that `CORS_ORIGINS` has answered: a browser sends them without anything that says who asks.
  'OPTIONS *': { for: 'everybody' },
};

/** The name of the line of a route; one that ends in `…` is for all that begin like it. */
export function lineNameOf({ method, path }: Route): string | undefined {
  const route = `${method === 'HEAD' ? 'GET' : method} ${path}`;
  return Object.keys(table).find((name) =>
    name.endsWith('…') ? route.startsWith(name.slice(0, -1)) : route === name,
  );
}
