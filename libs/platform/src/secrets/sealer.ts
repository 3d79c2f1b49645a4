import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Config } from '../config/index.ts';

const algorithm = 'aes-256-gcm';
/** The first byte of what is sealed: says what the others are. Another way of sealing gets the next number. */
const version = Buffer.of(1);
const nonceBytes = 12;
const tagBytes = 16;

/**
 * Keeps secrets where anybody may read, under ENCRYPTION_KEY. Each purpose has keys of its own, so that what was sealed
 * for one is nothing to another. A purpose is a constant of the program, e.g. `identity.account-mail`.
 */
@Injectable()
export class Sealer {
  private readonly keys = new Map<string, KeyObject>();

  constructor(private readonly config: Config) {}

  /** Sealed twice, the same text looks different: version, random nonce, ciphertext and tag, in base64url. */
  seal(purpose: string, text: string): string {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, this.key('seal', purpose), nonce);
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([version, nonce, sealed, cipher.getAuthTag()]).toString('base64url');
  }

  /**
   * The text as it was sealed.
   * @throws Error when it was not sealed for this purpose under this key, or is not as it was
   */
  open(purpose: string, sealed: string): string {
    const key = this.key('seal', purpose);
    const bytes = Buffer.from(sealed, 'base64url');
    const isWhole = bytes.length >= version.length + nonceBytes + tagBytes && bytes[0] === version[0];
    // Node reads over what is not base64url.
    if (!isWhole || bytes.toString('base64url') !== sealed) throw cannotOpen(purpose);
    const nonce = bytes.subarray(version.length, version.length + nonceBytes);
    const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagBytes });
    decipher.setAuthTag(bytes.subarray(-tagBytes));
    try {
      const text = decipher.update(bytes.subarray(version.length + nonceBytes, -tagBytes));
      return Buffer.concat([text, decipher.final()]).toString('utf8');
    } catch {
      throw cannotOpen(purpose);
    }
  }

  /** Always the same 32 bytes for a text; without the key nobody can tell which text, not even by trying all of them. */
  hash(purpose: string, text: string): Buffer {
    return createHmac('sha256', this.key('hash', purpose)).update(text).digest();
  }

  /** HKDF-SHA256 (RFC 5869); its info names purpose and use, so no key is used for two things. */
  private key(use: 'seal' | 'hash', purpose: string): KeyObject {
    const info = `tocsin ${use} ${purpose}`;
    const known = this.keys.get(info);
    if (known) return known;
    // Not at the start: the commands of an operator seal nothing and may lack it.
    if (this.config.encryptionKey === null) throw new Error('ENCRYPTION_KEY is missing.');
    const key = createSecretKey(Buffer.from(hkdfSync('sha256', this.config.encryptionKey, '', info, 32)));
    this.keys.set(info, key);
    return key;
  }
}

const cannotOpen = (purpose: string) =>
  new Error(`This was not sealed as ${purpose} under this ENCRYPTION_KEY, or was changed since.`);
