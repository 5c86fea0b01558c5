import type { RequestHandler } from 'express';
import type { HttpLogger } from './ports.ts';

/** One line per request, without bodies and without the query, which may hold the key of a customer's link. */
export function logRequest(logger: HttpLogger): RequestHandler {
  return (request, response, next) => {
    const startedAt = performance.now();
    const { method, path } = request;
    response.once('close', () => {
      const { errorId } = response.locals;
      const members = {
        method,
        path,
        status: response.statusCode,
        durationMs: Math.round(performance.now() - startedAt),
        ...(errorId === undefined ? {} : { errorId }),
        ...(response.writableFinished ? {} : { aborted: true }),
      };
      logger.info(members, `${method} ${path} ${response.statusCode}`);
    });
    next();
  };
}
