import { Injectable } from '@nestjs/common';
import type { WorkerRole } from '../config/index.ts';

/** Something that does its work for as long as the process runs, such as a loop. */
interface Part {
  readonly isAlive: boolean;
}

/** What the roles of this process consist of, so that a probe can ask whether all of it still does its work. */
@Injectable()
export class Roles {
  private readonly parts = new Map<WorkerRole, Part[]>();

  /** Says that parts of a role have begun. */
  begun(role: WorkerRole, ...parts: readonly Part[]): void {
    this.parts.set(role, [...(this.parts.get(role) ?? []), ...parts]);
  }

  /** Whether something of the role has begun, and all of that is alive. */
  isUp(role: WorkerRole): boolean {
    return this.parts.get(role)?.every(({ isAlive }) => isAlive) ?? false;
  }
}
