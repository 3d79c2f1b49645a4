/** What a program has to say to the person who starts it, through the supervisor, where there is one. */
export interface Announcement {
  readonly announcement: string;
}

/** Has the supervisor show a sentence once everything is ready. Call it before the process says that it is. */
export function announce(announcement: string): void {
  process.send?.({ announcement } satisfies Announcement);
}
