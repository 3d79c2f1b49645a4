import { chmodSync, mkdirSync } from 'node:fs';

/** Makes the data folder unless it exists. Its secrets have modes of their own; other accounts may pass through. */
export function openDataDir(folder: string): void {
  if (mkdirSync(folder, { recursive: true })) chmodSync(folder, 0o711);
}
