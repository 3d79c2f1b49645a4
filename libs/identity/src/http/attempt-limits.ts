import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Config } from '#platform/config';
import { type Policy, type RateLimit, RateLimits } from '#platform/http';
import { Sealer } from '#platform/secrets';

const minute = 60;
const hour = 60 * minute;

/** Of any kind, from one address: an office where all come at nine, or somebody who tries many accounts. */
const ofAddress = policy('attempts-address', 300, minute);
/** Of a kind, from everywhere: a process hashes some 2,400 passwords a minute, and more would only wait. */
const ofAll = policy('attempts', 3_000, minute);
/** Requests that send a mail to whom they name, from one address: a school that registers on one morning. */
const mailsOfAddress = policy('mails-address', 300, hour);
/** Passwords of an account, from one address: a person who mistypes does not come near it. */
const passwordsFromAddress = policy('passwords-address', 30, 15 * minute);
/** Passwords of an account, from everywhere (NIST SP 800-63B, 5.2.2). It takes four addresses to keep its owner out. */
const passwords = policy('passwords', 100, 15 * minute);
/** Registrations of a mail address, and mails to confirm it. */
const registrations = policy('registrations', 10, hour);
/** Mails to reset the password of a mail address. */
const resets = policy('resets', 10, hour);

/** Only a refusal tells of one: what is left would tell strangers that the owner of an account just logged in. */
function policy(name: string, quota: number, windowSeconds: number): Policy {
  return { name, quota, windowSeconds, discreet: true };
}

/** What is tried; of a token, which nobody can guess, there is no account to count. */
export type Attempt = 'password' | 'current-password' | 'registration' | 'reset' | 'token';

/** Who tries it, and whose account it is about, whether there is one or not. */
export interface Attempted {
  readonly attempt: Attempt;
  readonly address: string;
  readonly account: string | undefined;
}

/**
 * Limits what callers try. A flood can make accounts up: from one address 4,500 keys of passwords and 300 of mails at a
 * time, of half a kilobyte each.
 */
@Injectable()
export class AttemptLimits {
  private readonly ofAddress: RateLimit;
  private readonly ofAll: RateLimit;
  private readonly mailsOfAddress: RateLimit;
  private readonly passwordsFromAddress: RateLimit;
  private readonly passwords: RateLimit;
  private readonly registrations: RateLimit;
  private readonly resets: RateLimit;

  constructor(
    limits: RateLimits,
    private readonly sealer: Sealer,
    private readonly config: Config,
  ) {
    this.ofAddress = limits.of(ofAddress);
    this.ofAll = limits.of(ofAll);
    this.mailsOfAddress = limits.of(mailsOfAddress);
    this.passwordsFromAddress = limits.of(passwordsFromAddress);
    this.passwords = limits.of(passwords);
    this.registrations = limits.of(registrations);
    this.resets = limits.of(resets);
  }

  /** @throws HttpException 429 where one of the quotas is used up; those after it are spared. */
  async admit(attempted: Attempted, reply: FastifyReply): Promise<void> {
    const { attempt, address } = attempted;
    await this.ofAddress.admit(address, reply);
    if (this.isMailed(attempt)) await this.mailsOfAddress.admit(address, reply);
    for (const [limit, key] of this.ofAccount(attempted)) await limit.admit(key, reply);
    // Last, so that what is refused anyhow uses none of it up; and by kind, so that junk of one keeps nobody from another.
    await this.ofAll.admit(attempt, reply);
  }

  /** What was tried from there before a success was its owner's mistyping; what was tried elsewhere was not. */
  async forget(attempted: Attempted): Promise<void> {
    const [fromAddress] = this.ofAccount(attempted);
    if (fromAddress) await fromAddress[0].forget(fromAddress[1]);
  }

  /** A registration sends none where its address is believed. */
  private isMailed(attempt: Attempt): boolean {
    const { emailVerification } = this.config;
    return attempt === 'reset' || (attempt === 'registration' && emailVerification === 'required');
  }

  private ofAccount({ attempt, address, account }: Attempted): readonly [RateLimit, string][] {
    if (account === undefined || attempt === 'token') return [];
    const key = this.hashed(account);
    if (attempt === 'registration') return [[this.registrations, key]];
    if (attempt === 'reset') return [[this.resets, key]];
    return [
      [this.passwordsFromAddress, `${key}:${address}`],
      [this.passwords, key],
    ];
  }

  /** Keys stand in Redis, its dumps and its log of slow commands: none of them is to tell who has an account. */
  private hashed(account: string): string {
    return this.sealer.hash('identity.attempts', account).toString('base64url', 0, 16);
  }
}
