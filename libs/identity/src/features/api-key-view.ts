import type { Scope } from '#platform/http';
import { fragment } from '#platform/persistence';

/** A key as its owner sees it again: by its beginning, never the key. */
export interface ApiKeyView {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly symbols: readonly string[] | null;
  readonly expiresAt: Date | null;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
  readonly prefix: string;
}

/** The select list of {@link ApiKeyView}. */
export const apiKeyColumns = fragment`
  id, name, scopes, symbols, expires_at as "expiresAt", created_at as "createdAt", last_used_at as "lastUsedAt", prefix`;
