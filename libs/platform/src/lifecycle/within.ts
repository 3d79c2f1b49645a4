/**
 * What `work` comes to, or an error once that many milliseconds have passed. It is not broken off: what comes of
 * it later, an error too, is nobody's business any more.
 */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  // A turn later: a process that was busy for so long has not read its sockets yet, and the answer may lie there.
  const timeOver = () => setImmediate(() => late.reject(new Error(`No answer within ${ms} ms.`)));
  const timer = setTimeout(timeOver, ms);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
