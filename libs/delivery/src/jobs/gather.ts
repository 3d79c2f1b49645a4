interface Asked<Item, Answer> {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Answers what is asked at the same time together: one batch at a time, and the next one holds whatever was asked
 * meanwhile. So the busier it is the larger the batches are, and who asks alone waits for nobody.
 */
export class Gather<Item, Answer> {
  private readonly waiting: Asked<Item, Answer>[] = [];
  private answering = false;

  /** `answer` tells one answer for each item, in their order; when it fails, everybody who asked hears why. */
  constructor(
    private readonly answer: (items: readonly Item[]) => Promise<readonly Answer[]>,
    private readonly atMost: number,
  ) {}

  ask(item: Item): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (!this.answering) void this.answerAll();
    });
  }

  private async answerAll(): Promise<void> {
    this.answering = true;
    while (this.waiting.length > 0) {
      // A turn later: who asks in this one comes along.
      await new Promise(setImmediate);
      const asked = this.waiting.splice(0, this.atMost);
      try {
        const answers = await this.answer(asked.map(({ item }) => item));
        for (const [index, { resolve }] of asked.entries()) resolve(answers[index] as Answer);
      } catch (error) {
        for (const { reject } of asked) reject(error);
      }
    }
    this.answering = false;
  }
}
