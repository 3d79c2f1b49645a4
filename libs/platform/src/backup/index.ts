export { loadBackup } from './load-backup.ts';
export { bytesText, rowsText } from './progress.ts';
export { type Backup, readBackup } from './read-backup.ts';
export { type BackupContents, writeBackup } from './write-backup.ts';
