/**
 * What `read` answered at most ten seconds ago, for several families of one question and however often they are
 * scraped. Whoever asks while it is being read shares the answer; a failure is not remembered.
 */
export function remembered<T>(read: () => Promise<T>, forMs = 10_000): () => Promise<T> {
  let answer: Promise<T> | undefined;
  let freshUntil = 0;
  return () => {
    if (answer && performance.now() < freshUntil) return answer;
    freshUntil = Infinity;
    answer = read();
    answer.then(
      () => (freshUntil = performance.now() + forMs),
      () => (freshUntil = 0),
    );
    return answer;
  };
}
