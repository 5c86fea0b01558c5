const firstByteLimitMs = 10_000;
const stallLimitMs = 60_000;

type Bytes = ReadableStream<Uint8Array<ArrayBuffer>>;

/** An answer of a server that began to answer in time, and the means to give it up. */
export interface StartedResponse {
  response: Response;
  abort: AbortController;
}

/** Fetches `url`; gives up where no answer begins within 10 s, and on any status but 2xx. */
export async function fetchFirstByte(url: string, init: { method?: string } = {}): Promise<StartedResponse> {
  const abort = new AbortController();
  const limit = setTimeout(
    () => abort.abort(new Error(`no answer within ${firstByteLimitMs / 1_000} s`)),
    firstByteLimitMs,
  );
  try {
    const response = await fetch(url, { ...init, signal: abort.signal });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return { response, abort };
  } catch (thrown) {
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
    throw new Error(`${new URL(url).host}: ${cause instanceof Error ? cause.message : String(cause)}`);
  } finally {
    clearTimeout(limit);
  }
}

/** The body of a started answer, given up where nothing comes for a minute. */
export function stallGuard({ response, abort }: StartedResponse): { body: Bytes; signal: AbortSignal } {
  if (response.body === null) throw new Error('an answer without a body');
  const giveUp = () => abort.abort(new Error(`nothing came for ${stallLimitMs / 1_000} s`));
  let limit = setTimeout(giveUp, stallLimitMs);
  const watch = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      clearTimeout(limit);
      limit = setTimeout(giveUp, stallLimitMs);
      controller.enqueue(chunk);
    },
    flush: () => clearTimeout(limit),
  });
  return { body: response.body.pipeThrough(watch), signal: abort.signal };
}
