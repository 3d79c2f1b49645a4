export { AlertCreated, AlertDeleted, AlertsErasureDue, AlertsTriggered, type FiredAlert } from './events.ts';
export { type Cursor, FindCursor } from './find-cursor.ts';
