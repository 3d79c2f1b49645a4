export { AlertCreated, AlertDeleted, AlertsTriggered, type FiredAlert } from './events.ts';
export { type Cursor, FindCursor } from './find-cursor.ts';
