// Loaded into every program before its own code, so that none outlives a supervisor that was killed, not even
// one that is just starting. A program that sees to this itself is left to do so.
process.once('disconnect', () => {
  if (process.listenerCount('disconnect') > 0) return;
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.exit(1), 20_000).unref();
});
// Watching must not keep a program running that has finished.
process.channel?.unref();
