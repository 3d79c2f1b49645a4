export { type FolderLock, isLocked, lockFolder, lockHolder } from './folder-lock.ts';
export { createdOnce } from './created-once.ts';
export { errorCode } from './error-code.ts';
export { openDataDir } from './open-data-dir.ts';
export { commandLine, isAlive } from './processes.ts';
export { syncFolder } from './sync-folder.ts';
