import type { FastifyInstance } from 'fastify';
import { tooManyInText } from '../validation/json-scan.js';
import { refuseBody } from '../validation/request-validation.pipe.js';

export const BODY_LIMIT_BYTES = 1_048_576;

/**
 * Beside JSON and merge patches only handlers that say so take a body (text-body.ts); an empty one counts as none (`curl -X POST -H content-type: …`).
 * `__proto__` and `constructor` come through the parser as members like any other, for the validation to refuse with
 * their place; until then nobody may merge a body into another object.
 */
export function acceptJson(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  const parse = fastify.getDefaultJsonParser('ignore', 'ignore');
  for (const type of ['application/json', 'application/merge-patch+json']) {
    fastify.addContentTypeParser<string>(
      type,
      { parseAs: 'string', bodyLimit: BODY_LIMIT_BYTES },
      (request, body, done) => {
        if (body.length === 0) return done(null, undefined);
        const fault = tooManyInText(body);
        if (fault === null) void parse(request, body, done);
        else done(refuseBody([fault]));
      },
    );
  }
}
