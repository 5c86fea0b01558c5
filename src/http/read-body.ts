import express, { type Request, type RequestHandler, type Response } from 'express';
import { invalidRequest, problem } from './problem.ts';
import type { BodyKind, Reply } from './route.ts';

const maxApiBytes = 100 * 1024;
const maxWebhookBytes = 1024 * 1024;

/** The readers of a route's body. Compressed bodies are refused: no sender needs them, and a bomb is one. */
export function readBody(input: {
  kind: BodyKind;
  refuse: (response: Response, reply: Reply) => void;
}): RequestHandler[] {
  const { kind, refuse } = input;
  if (kind === 'none') return [];
  if (kind === 'raw') return [express.raw({ type: () => true, limit: maxWebhookBytes, inflate: false })];
  if (kind === 'form') {
    return [express.urlencoded({ type: () => true, limit: maxApiBytes, inflate: false, extended: false })];
  }
  const checkType: RequestHandler = (request, response, next) => {
    const refusal = findTypeProblem({ request, kind });
    if (refusal === null) next();
    else refuse(response, refusal);
  };
  return [checkType, express.json({ type: () => true, limit: maxApiBytes, inflate: false, strict: false })];
}

function findTypeProblem({ request, kind }: { request: Request; kind: BodyKind }): Reply | null {
  // `is` answers null where there is no body, and false where it has another type.
  const type = request.is('application/json');
  const isEmpty = type === null || request.headers['content-length'] === '0';
  if (isEmpty) {
    return kind === 'json'
      ? invalidRequest([{ field: 'body', message: 'is missing. Send a JSON object.' }])
      : null;
  }
  if (type !== false) return null;
  return problem({
    type: 'unsupported-media-type',
    detail: 'This route reads JSON. Send the header "Content-Type: application/json".',
    errors: [{ field: 'Content-Type', message: 'is not application/json.' }],
  });
}
