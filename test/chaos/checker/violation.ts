/** Something that must not be, and whom it happened to. */
export interface Violation {
  readonly rule: string;
  readonly what: string;
  /** Of the delivery, where it is one. */
  readonly deliveryId?: string;
}
