import type { ConnectionSettings } from './binance-connection.ts';

/** How patient a Binance feed is. */
export interface BinanceSettings extends ConnectionSettings {
  /** Milliseconds to wait for an answer of the REST side. */
  readonly historyTimeoutMs: number;
}

export const DEFAULT_SETTINGS: BinanceSettings = {
  silenceMs: 30_000,
  stableMs: 30_000,
  handshakeMs: 10_000,
  historyTimeoutMs: 10_000,
  retry: { firstMs: 250, baseMs: 500, capMs: 30_000 },
};
