import { Query } from '@nestjs/cqrs';

/** The tick through which every alert of a symbol has been evaluated. */
export interface Cursor {
  readonly source: string;
  readonly tickId: number;
}

/** Where evaluation of a symbol stands; null when it never began. A feed back-fills from the tick after it. */
export class FindCursor extends Query<Cursor | null> {
  constructor(
    readonly symbol: string,
    readonly source: string,
  ) {
    super();
  }
}
