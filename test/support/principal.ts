import { newId } from '#kernel';
import type { Principal, Role } from '#platform/http';

/** Somebody with a session. */
export const sessionOf = (userId: string, role: Role = 'user'): Principal => ({
  userId,
  role,
  sessionId: newId(),
  scopes: null,
});

/** From where the commands of a spec come. */
export const someClient = { address: '192.0.2.1', userAgent: 'a spec' };
