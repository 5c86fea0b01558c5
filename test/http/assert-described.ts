import assert from 'node:assert/strict';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { apiDocument } from '../../src/http/openapi.ts';

const document = apiDocument();
// What a client is promised: formats are not checked by it, and words of OpenAPI itself are no keywords.
const ajv = new Ajv2020({ strict: false, validateFormats: false }).addSchema({ ...document, $id: 'api' });

const pathOf = Object.keys(document.paths ?? {}).map((path) => ({
  path,
  // A fixed path stands before one with an id in the same place.
  rank: path.split('{').length,
  pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+').replaceAll('.', '\\.')}$`),
}));
pathOf.sort((a, b) => a.rank - b.rank);

interface Answered {
  method: string;
  path: string;
  status: number;
  contentType: string;
  text: string;
}

/** An answer of a described route has a described status, media type and body; HEAD and wrong methods are not looked at. */
export function assertDescribed({ method, path, status, contentType, text }: Answered): void {
  const asked = path.split('?')[0] ?? '';
  const found = pathOf.find(({ pattern }) => pattern.test(asked));
  const verb = method.toLowerCase();
  const operation = found && document.paths?.[found.path]?.[verb as 'get' | 'post'];
  if (found === undefined || !operation) return;
  const name = `${method} ${found.path} ${status}`;
  const responses = operation.responses ?? {};
  const key = String(status) in responses ? String(status) : 'default';
  const response = responses[key as '200'];
  assert.ok(response && 'description' in response, `${name} is not described`);
  const media = contentType.split(';')[0] ?? '';
  if (text === '') return;
  const { content = {} } = response;
  assert.ok(media in content, `${name} is described without ${media}`);
  if (!media.endsWith('json')) return;
  const pointer = ['paths', found.path, verb, 'responses', key, 'content', media, 'schema'];
  const escaped = pointer.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')));
  const validate = ajv.compile({ $ref: `api#/${escaped.join('/')}` });
  assert.ok(validate(JSON.parse(text)), `${name}: ${ajv.errorsText(validate.errors)} in ${text}`);
}
